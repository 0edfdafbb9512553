//! Work that is given up.

use std::cell::Cell;

/// `stop`, which once it said so says so for ever: what was given up in one place is not
/// taken for finished in another. Asked again it does not ask again.
pub(crate) fn latched(stop: &dyn Fn() -> bool) -> impl Fn() -> bool {
    let stopped = Cell::new(false);
    move || {
        if !stopped.get() {
            stopped.set(stop());
        }
        stopped.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_not_change_its_mind() {
        let asked = Cell::new(0);
        let only_second = || {
            asked.set(asked.get() + 1);
            asked.get() == 2
        };
        let stop = latched(&only_second);
        assert_eq!([stop(), stop(), stop(), stop()], [false, true, true, true]);
        assert_eq!(asked.get(), 2);
    }
}
