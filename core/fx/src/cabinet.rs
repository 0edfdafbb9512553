//! placeholder until the merge
use crate::swap::Voice;
/// s
#[derive(Clone, Copy)]
pub struct Settings {
    /// n
    pub normalize: bool,
}
/// c
pub struct Cabinet;
impl Cabinet {
    /// i
    pub fn is_some(&self) -> bool {
        false
    }
}
impl Voice for Cabinet {
    type Settings = Settings;
    fn run(&mut self, _: &mut [&mut [f32]], _: &Settings) {}
    fn reset(&mut self) {}
    fn warm_up(&self) -> usize {
        0
    }
}
