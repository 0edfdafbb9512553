//! An X11 window for an editor to live in.

use std::collections::HashSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clack_extensions::gui::{GuiApiType, GuiConfiguration, Window as ParentWindow};
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{
    ConfigureWindowAux, ConnectionExt as _, CreateWindowAux, ImageFormat, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::clap::Plugin;
use crate::picture::Picture;

/// More colours than an unpainted window has, fewer than any editor.
const PAINTED: usize = 16;

/// A bare window on the display of the environment.
pub struct Window {
    connection: RustConnection,
    id: u32,
    size: [u16; 2],
}

impl Window {
    /// Opens it, in pixels.
    pub fn open(width: u32, height: u32) -> Result<Self> {
        let (connection, screen) =
            x11rb::connect(None).context("no X display; `cargo xtask` starts one")?;
        let root = connection.setup().roots[screen].root;
        let id = connection.generate_id()?;
        let size = [u16::try_from(width)?, u16::try_from(height)?];
        let look = CreateWindowAux::new().background_pixel(0).override_redirect(1);
        let depth = x11rb::COPY_DEPTH_FROM_PARENT;
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(depth, id, root, 0, 0, size[0], size[1], 0, class, 0, &look)?;
        connection.map_window(id)?;
        // Under the pointer things look and speak differently: it waits in a far corner.
        let setup = &connection.setup().roots[screen];
        let far = [setup.width_in_pixels, setup.height_in_pixels].map(|n| n as i16 - 1);
        connection.warp_pointer(x11rb::NONE, root, 0, 0, 0, 0, far[0], far[1])?;
        connection.sync()?;
        Ok(Self { connection, id, size })
    }

    /// What X11 calls the window.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Gives it another size.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        self.size = [u16::try_from(width)?, u16::try_from(height)?];
        let size = ConfigureWindowAux::new().width(width).height(height);
        self.connection.configure_window(self.id, &size)?;
        Ok(self.connection.sync()?)
    }

    /// What is to be seen in it, the editor included.
    pub fn picture(&self) -> Result<Picture> {
        let root = self.connection.setup().roots[0].root;
        let [width, height] = self.size;
        // From the root, since a window's own image leaves out its children.
        let image = self
            .connection
            .get_image(ImageFormat::Z_PIXMAP, root, 0, 0, width, height, !0)?
            .reply()?;
        let rgb = image.data.chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
        Ok(Picture { width: width.into(), height: height.into(), rgb })
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.connection.destroy_window(self.id);
        let _ = self.connection.sync();
    }
}

/// The open editor of a CLAP plugin.
pub struct Editor {
    /// The window it is in.
    pub window: Window,
    /// Those there were before it was opened.
    threads: Threads,
}

impl Editor {
    /// Opens it at the size it asks for.
    #[allow(unsafe_code, reason = "the plugin keeps the raw window id")]
    pub fn open(plugin: &mut Plugin) -> Result<Self> {
        let threads = Threads::now();
        let (gui, handle) = plugin.gui()?;
        let kind = GuiConfiguration { api_type: GuiApiType::X11, is_floating: false };
        ensure!(gui.is_api_supported(&handle, kind), "the editor cannot be embedded in X11");
        gui.create(&handle, kind)?;
        let size = gui.get_size(&handle).context("the editor has no size")?;
        let window = Window::open(size.width, size.height)?;
        let parent = ParentWindow::from_x11_handle(window.id().into());
        // SAFETY: the window outlives the editor, which `close` destroys first.
        unsafe { gui.set_parent(&handle, parent) }?;
        // Some plugins show themselves as soon as they have a parent, and refuse here.
        let _ = gui.show(&handle);
        Ok(Self { window, threads })
    }

    /// Serves the plugin for a while, as the event loop of a host does.
    pub fn serve(&mut self, plugin: &mut Plugin, time: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time {
            if let Some(size) = plugin.idle() {
                self.window.resize(size.width, size.height)?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits for the first paint, and long enough for the editor to settle.
    pub fn painted(&mut self, plugin: &mut Plugin) -> Result<Picture> {
        let start = Instant::now();
        while self.window.picture()?.colours() <= PAINTED {
            ensure!(start.elapsed() < Duration::from_secs(60), "the editor stays blank");
            self.serve(plugin, Duration::from_millis(100))?;
        }
        self.serve(plugin, Duration::from_millis(700))?;
        self.window.picture()
    }

    /// Closes it, and waits for its threads: they unload the graphics driver,
    /// which must not meet the driver's own exit handlers at the end of the process.
    pub fn close(self, plugin: &mut Plugin) -> Result<()> {
        let (gui, handle) = plugin.gui()?;
        gui.destroy(&handle);
        self.threads.outlast_others();
        Ok(())
    }
}

/// The threads of this process at some moment, by number, as Linux lists them.
pub struct Threads(HashSet<OsString>);

impl Threads {
    /// Those of now.
    pub fn now() -> Self {
        let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        Self(entries.map(|entry| entry.file_name()).collect())
    }

    /// Waits, half a second at most, for those begun since to end.
    pub fn outlast_others(&self) {
        let patience = Instant::now() + Duration::from_millis(500);
        while !Self::now().0.is_subset(&self.0) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
