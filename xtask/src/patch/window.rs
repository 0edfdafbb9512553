//! egui-baseview as we ship it: an editor learns of the files that are dragged over its
//! window and fall on it, which the crate leaves out.

use super::{Edit, Patch};

pub(super) const PATCH: Patch = Patch { package: "egui-baseview", version: "0.9.0", edits: EDITS };

const WINDOW: &str = "src/window.rs";

const EDITS: &[Edit] = &[
    Edit {
        file: WINDOW,
        why: "what is dragged over the window and falls on it is kept from egui",
        from: "                _ => do_repaint = false,\n            },\n            baseview::Event::Keyboard(event) => {",
        to: r#"                baseview::MouseEvent::DragEntered {
                    data: baseview::DropData::Files(paths),
                    ..
                }
                | baseview::MouseEvent::DragMoved {
                    data: baseview::DropData::Files(paths),
                    ..
                } => {
                    let hovered = |path: &std::path::PathBuf| egui::HoveredFile {
                        path: Some(path.clone()),
                        ..Default::default()
                    };
                    egui_input.hovered_files = paths.iter().map(hovered).collect();
                    return_status = EventStatus::AcceptDrop(baseview::DropEffect::Copy);
                }
                baseview::MouseEvent::DragLeft => egui_input.hovered_files.clear(),
                baseview::MouseEvent::DragDropped {
                    data: baseview::DropData::Files(paths),
                    ..
                } => {
                    let dropped = |path: &std::path::PathBuf| -> egui::DroppedFileHandle {
                        Arc::new(Dropped(path.clone()))
                    };
                    egui_input.hovered_files.clear();
                    egui_input.dropped_files.extend(paths.iter().map(dropped));
                    return_status = EventStatus::AcceptDrop(baseview::DropEffect::Copy);
                }
                _ => do_repaint = false,
            },
            baseview::Event::Keyboard(event) => {"#,
    },
    Edit {
        file: WINDOW,
        why: "the same",
        from: "use crate::App;\n",
        to: r#"use crate::App;

#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

"#,
    },
];
