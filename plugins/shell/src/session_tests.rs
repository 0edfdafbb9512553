use super::*;

/// A file of so many bytes.
#[derive(Clone)]
struct File(Arc<usize>);

impl PartialEq for File {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Holding for File {
    fn shared(&self) -> [(usize, usize); 2] {
        [(Arc::as_ptr(&self.0).addr(), *self.0), (0, 0)]
    }
}

#[derive(Clone)]
struct Four([File; 4]);

impl Snapshot for Four {
    type Preset = fx::preset::Preset;
    type Held = File;
    fn held(&self) -> &[File] {
        &self.0
    }
    fn held_mut(&mut self) -> &mut [File] {
        &mut self.0
    }
    fn has_alike_params(&self, _: &Self) -> bool {
        true
    }
    fn take_params(&mut self, _: &Self) {}
    fn to_preset(&self) -> fx::preset::Preset {
        fx::preset::Preset::default()
    }
    fn from_preset(_: &fx::preset::Preset) -> Result<Self, String> {
        Err("there are none".into())
    }
}

#[test]
fn steps_are_bounded_by_what_they_hold() {
    let files: Vec<File> = (0..=10).map(|_| File(Arc::new(1000))).collect();
    let four = |file: &File| Four([(); 4].map(|()| file.clone()));
    let step = |files: &[File]| Step {
        what: String::new(),
        time: 0.0,
        before: four(&files[0]),
        after: four(&files[1]),
    };
    let steps = || files.windows(2).map(step).collect::<VecDeque<_>>();
    for (most, kept) in [(0, 1), (3999, 2), (4000, 3), (11_000, 10)] {
        let mut steps = steps();
        trim(&mut steps, most);
        assert_eq!(steps.len(), kept, "{most} bytes");
        let last = steps.back().expect("the last one stays");
        assert!(last.after.0[0] == files[10]);
    }
    let same = [files[0].clone(), files[0].clone()];
    let mut many: VecDeque<_> = (0..500).map(|_| step(&same)).collect();
    trim(&mut many, 1000);
    assert_eq!(many.len(), MOST_STEPS, "what is shared counts once");
}
