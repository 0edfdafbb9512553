//! nice-plug as we ship it. Its VST3 wrapper can abort a Linux host: the background
//! worker and the main thread meet in the editor's cell, one of them panics, and
//! shutting down a dead worker panics again across the host's call. The first
//! automation on a new audio thread calls the heap, and an activation that changes the
//! latency asks a CLAP host for another. And egui-baseview keeps from an editor what
//! falls on its window. We edit copies of the locked sources under `target/` and point
//! cargo there with path overrides, which, unlike `[patch]`, leave Cargo.lock exactly as
//! it is.

mod window;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cargo_metadata::Metadata;

/// One replacement in the copy. The text must occur exactly once: when upstream
/// changes it, somebody has to look again before anything is shipped.
struct Edit {
    file: &'static str,
    why: &'static str,
    from: &'static str,
    to: &'static str,
}

/// A crate that is edited.
struct Patch {
    package: &'static str,
    /// The one its edits are for.
    version: &'static str,
    edits: &'static [Edit],
}

const PATCHES: [&Patch; 2] =
    [&Patch { package: "nice-plug", version: "0.4.2", edits: EDITS }, &window::PATCH];

const CLAP: &str = "src/wrapper/clap/wrapper.rs";
const LOOP: &str = "src/event_loop.rs";
const LINUX: &str = "src/event_loop/linux.rs";
const WORKER: &str = "src/event_loop/background_thread.rs";
const INNER: &str = "src/wrapper/vst3/inner.rs";
const VIEW: &str = "src/wrapper/vst3/view.rs";
const STATE: &str = "src/wrapper/state.rs";

const EDITS: &[Edit] = &[
    Edit {
        file: WORKER,
        why: "a panic in this drop unwinds into the host; and the last owner may be the worker itself",
        from: r#"        self.tasks_sender
            .send(Message::Shutdown)
            .expect("Failed while sending worker thread shutdown request");
        self.join_handle
            .take()
            // Only possible if the WorkerThread got dropped twice, somehow?
            .expect("Missing Worker thread JoinHandle")
            .join()
            .expect("Worker thread panicked");"#,
        to: r#"        let on_worker = |handle: &JoinHandle<()>| handle.thread().id() == thread::current().id();
        let _ = self.tasks_sender.try_send(Message::Shutdown);
        match self.join_handle.take() {
            Some(handle) if !on_worker(&handle) => {
                // A full queue refused the first request; the worker is draining it.
                let _ = self.tasks_sender.send(Message::Shutdown);
                let _ = handle.join();
            }
            _ => {}
        }"#,
    },
    Edit {
        file: WORKER,
        why: "all instances share the worker: a task of one that is gone must not end it for the rest",
        from: r#"                    nice_trace!(
                        "Received a new task but the executor is no longer alive, shutting down \
                         worker"
                    );
                    return;"#,
        to: r#"                    nice_trace!("Skipping a task of an instance that is gone");"#,
    },
    Edit {
        file: INNER,
        why: "the editor belongs to the main thread, so the worker leaves its tasks alone",
        from: "        // This function is always called from the main thread\n        match task {",
        to: r#"        #[cfg(feature = "editor")]
        let for_the_editor = matches!(
            task,
            Task::StateChanged | Task::ParameterValueChanged(..) | Task::CallMainThread
        );
        #[cfg(feature = "editor")]
        if for_the_editor
            && !self.event_loop.borrow().as_ref().is_some_and(|event_loop| event_loop.is_main_thread())
        {
            return;
        }
        match task {"#,
    },
    Edit {
        file: INNER,
        why: "an editor that is just opening or closing hears of the state when it is there",
        from: r#"                if let Some(editor_window) = self.editor_window.borrow().as_ref() {
                    editor_window.get().handle.state_changed();
                }"#,
        to: r#"                if let Ok(guard) = self.editor_window.try_borrow()
                    && let Some(editor_window) = guard.as_ref().and_then(|w| w.try_get().ok())
                {
                    editor_window.handle.state_changed();
                }"#,
    },
    Edit {
        file: INNER,
        why: "the same for a parameter",
        from: r#"                if let Some(editor_window) = self.editor_window.borrow().as_ref() {
                    let param_id = &self.param_id_by_hash[&param_hash];
                    editor_window
                        .get()
                        .handle"#,
        to: r#"                if let Ok(guard) = self.editor_window.try_borrow()
                    && let Some(editor_window) = guard.as_ref().and_then(|w| w.try_get().ok())
                {
                    let param_id = &self.param_id_by_hash[&param_hash];
                    editor_window
                        .handle"#,
    },
    Edit {
        file: INNER,
        why: "the same for a callback the editor asked for",
        from: r#"                if let Some(editor_window) = self.editor_window.borrow().as_ref() {
                    let editor_window = editor_window.get();
                    editor_window
                        .handle
                        .host_main_thread_callback"#,
        to: r#"                if let Ok(guard) = self.editor_window.try_borrow()
                    && let Some(editor_window) = guard.as_ref().and_then(|w| w.try_get().ok())
                {
                    editor_window
                        .handle
                        .host_main_thread_callback"#,
    },
    Edit {
        file: VIEW,
        why: "the handler holds itself, so unless the view lets go each editor leaks two descriptors",
        from: "                    *self.run_loop_event_handler.write() = None;",
        to: r#"                    let handler = self.run_loop_event_handler.write().take();
                    if let Some(handler) = handler {
                        let itself = handler.event_handler_ptr.0.replace(std::ptr::null_mut());
                        unsafe {
                            handler.run_loop.unregisterEventHandler(itself);
                            drop(ComPtr::<IEventHandler>::from_raw(itself));
                        }
                    }"#,
    },
    Edit {
        file: VIEW,
        why: "the view has unregistered it by then",
        from: r#"        unsafe {
            self.run_loop
                .unregisterEventHandler(self.event_handler_ptr.0.get());
        }
"#,
        to: "",
    },
    Edit {
        file: LOOP,
        why: "asked which one it is, a thread of the host's takes the heap the first time, and the audio thread is asked",
        from: "pub(crate) use self::background_thread::BackgroundThread;",
        to: r#"pub(crate) use self::background_thread::BackgroundThread;

#[cfg(target_os = "linux")]
pub(crate) type ThreadMark = usize;
#[cfg(not(target_os = "linux"))]
pub(crate) type ThreadMark = std::thread::ThreadId;

#[cfg(target_os = "linux")]
pub(crate) fn this_thread() -> ThreadMark {
    unsafe extern "C" {
        safe fn pthread_self() -> usize;
    }
    // Read from a register: neither heap nor system call.
    pthread_self()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn this_thread() -> ThreadMark {
    std::thread::current().id()
}"#,
    },
    Edit {
        file: LINUX,
        why: "so it goes by this",
        from: "use std::thread::{self, ThreadId};\n",
        to: "",
    },
    Edit {
        file: LINUX,
        why: "the same",
        from: "use crate::util::permit_alloc;\n",
        to: "use super::{ThreadMark, this_thread};\n",
    },
    Edit { file: LINUX, why: "the same", from: "id: ThreadId,", to: "id: ThreadMark," },
    Edit {
        file: LINUX,
        why: "the same",
        from: "id: thread::current().id(),",
        to: "id: this_thread(),",
    },
    Edit {
        file: LINUX,
        why: "the same",
        from: "permit_alloc(|| thread::current().id() == self.main_thread_id)",
        to: "this_thread() == self.main_thread_id",
    },
    Edit {
        file: CLAP,
        why: "the same",
        from: "use std::thread::{self, ThreadId};\n",
        to: "use crate::event_loop::{ThreadMark, this_thread};\n",
    },
    Edit { file: CLAP, why: "the same", from: "id: ThreadId,", to: "id: ThreadMark," },
    Edit {
        file: CLAP,
        why: "the same",
        from: "id: thread::current().id(),",
        to: "id: this_thread(),",
    },
    Edit {
        file: CLAP,
        why: "the same",
        from: "permit_alloc(|| thread::current().id() == self.main_thread_id)",
        to: "this_thread() == self.main_thread_id",
    },
    Edit {
        file: CLAP,
        why: "a latency that activation finds is told then, and needs no second activation",
        from: "                            wrapper.is_activated.store(true, Ordering::SeqCst);\n\n",
        to: "",
    },
    Edit {
        file: CLAP,
        why: "the same",
        from: "        drop(activate_context);\n\n        result\n",
        to: r#"        drop(activate_context);

        if result {
            wrapper.is_activated.store(true, Ordering::SeqCst);
        }

        result
"#,
    },
    Edit {
        file: STATE,
        why: "cargo shows the warnings of code that is not a registry's, and this one is not ours to fix",
        from: "                (param_ptr, param_value) => {",
        to: "                #[allow(unused_variables)]\n                (param_ptr, param_value) => {",
    },
];

/// The cargo arguments that build with the edited copies, which are brought up to date
/// first.
pub(crate) fn cargo_args(metadata: &Metadata) -> Result<Vec<String>> {
    let copies = PATCHES.iter().map(|patch| {
        // In TOML's literal quotes, since the path of a Windows machine has backslashes.
        Ok(format!("'{}'", patch.prepare(metadata)?.display()))
    });
    let copies = copies.collect::<Result<Vec<_>>>()?.join(", ");
    Ok(vec!["--config".into(), format!("paths=[{copies}]"), "--locked".into()])
}

impl Patch {
    fn prepare(&self, metadata: &Metadata) -> Result<PathBuf> {
        let Self { package: name, version, .. } = *self;
        let package = metadata
            .packages
            .iter()
            .find(|package| package.name.as_str() == name)
            .with_context(|| format!("no crate of the workspace uses {name}"))?;
        ensure!(
            package.version.to_string() == version,
            "our edits are for {name} {version}, Cargo.lock has {}: check whether it still needs them",
            package.version
        );
        let source = package.manifest_path.parent().context("a manifest has a folder")?;
        let copy = crate::run::target_dir(metadata).join(format!("patched/{name}-{version}"));
        self.mirror(source.as_std_path(), &copy, Path::new(""))?;
        Ok(copy)
    }

    /// Copies the tree, applying the edits. Files that are already right keep their
    /// time stamps, else cargo would build them again each time.
    fn mirror(&self, source: &Path, copy: &Path, inside: &Path) -> Result<()> {
        std::fs::create_dir_all(copy.join(inside))?;
        let folder = source.join(inside);
        for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let entry = entry?;
            let path = inside.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                self.mirror(source, copy, &path)?;
                continue;
            }
            let content = self.edited(&path, std::fs::read(source.join(&path))?)?;
            let place = copy.join(&path);
            if std::fs::read(&place).ok().as_ref() != Some(&content) {
                // By renaming, so that an interruption leaves no half file that looks whole.
                let draft = place.with_extension("draft");
                std::fs::write(&draft, content)?;
                std::fs::rename(&draft, &place)?;
            }
        }
        Ok(())
    }

    fn edited(&self, path: &Path, content: Vec<u8>) -> Result<Vec<u8>> {
        let mut edits = self.edits.iter().filter(|edit| Path::new(edit.file) == path).peekable();
        if edits.peek().is_none() {
            return Ok(content);
        }
        let mut text = String::from_utf8(content).with_context(|| path.display().to_string())?;
        for edit in edits {
            let found = text.matches(edit.from).count();
            if found != 1 {
                bail!(
                    "{} has changed: in {} the text to replace occurs {found} times, not once\n\
                     ({})\n{}",
                    self.package,
                    edit.file,
                    edit.why,
                    edit.from
                );
            }
            text = text.replacen(edit.from, edit.to, 1);
        }
        Ok(text.into_bytes())
    }
}
