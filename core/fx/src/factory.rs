//! What ships inside the plugin and the command line.

/// A file that is built in.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// What projects and presets call it. For ever.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

macro_rules! items {
    ($($id:literal $name:literal $file:literal)*) => {
        &[$(Item {
            id: $id,
            name: $name,
            bytes: include_bytes!(concat!("../../../assets/", $file)),
        }),*]
    };
}

/// The models.
pub const MODELS: &[Item] = items![
    "kiln-crunch" "Kiln Crunch" "kiln-crunch.nam"
];

/// The impulse responses.
pub const CABINETS: &[Item] = items![];

/// The model of that id.
pub fn model(id: &str) -> Option<&'static Item> {
    MODELS.iter().find(|item| item.id == id)
}

/// The impulse response of that id.
pub fn cabinet(id: &str) -> Option<&'static Item> {
    CABINETS.iter().find(|item| item.id == id)
}
