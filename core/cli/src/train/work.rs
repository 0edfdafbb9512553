//! One course from files to files.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, Result, bail};
use nn::{Metadata, Model};
use serde_json::{Value, json};
use train::course::{self, Class, End, Format, Lessons, Outcome, Settings, Trained};
use train::data;
use train::export::{About, nam};
use train::report::{self, Passage, Report};

use super::places::Places;
use super::publish::{Publisher, replace};
use super::show::{Show, time};
use super::{Teach, pairs};

static STOP: AtomicBool = AtomicBool::new(false);

/// Seconds of our own signal by which a file says how loud its model is, and where they
/// begin in it.
const STANDARD: [f64; 2] = [100.0, 105.0];

/// False if it was stopped before its end.
pub(super) fn run(args: &Teach) -> Result<bool> {
    let Some(output) = &args.output else { bail!("expected an --output") };
    let (format, class) = args.chosen(output)?;
    refuse_early(&class, format, args)?;
    let places = Places::new(args, output)?;
    let lessons = args.recordings.lessons()?;
    if !args.quiet {
        lessons.pairs.iter().for_each(|(pair, _)| eprint!("{}", pairs::words(pair)));
    }
    let skip = !matches!(format, Format::Nam | Format::RtNeural);
    let settings = args.plan.settings(class, skip, &lessons, &places.checkpoint)?;
    let stem = output.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let metadata = args.gear.metadata(&stem.unwrap_or_default());
    try_files(args, &lessons, &settings, format, &metadata)?;
    let (outcome, published) = teach(args, &lessons, &settings, &metadata)?;
    let file = finished(&lessons, &settings, &outcome, format, &metadata)?;
    replace(&places.output, &file)?;
    let report = report(args, &lessons, &settings, &outcome, &metadata)?;
    if let Some(page) = &places.page {
        replace(page, report.html().as_bytes())?;
    }
    let stopped = outcome.end == End::Stopped;
    if let Some(path) = settings.checkpoint.as_deref().filter(|_| !stopped) {
        let _not_there_if_nothing_was_kept = std::fs::remove_file(path);
    }
    tell(args, output, &outcome, &report)?;
    if stopped {
        crate::tell("stopped; this is the best so far, and the same command goes on from there");
    }
    published.map(|()| !stopped)
}

impl Teach {
    /// The format by the file's name and the class by the format, where nothing is said.
    fn chosen(&self, output: &Path) -> Result<(Format, Class)> {
        let extension = output.extension().map(|e| e.to_string_lossy().to_lowercase());
        let format = match (self.format, extension.as_deref()) {
            (Some(kind), _) => kind.format(),
            (None, Some("json")) => Format::Drive,
            (None, Some("nam")) => Format::Nam,
            (None, Some("aidax")) => Format::Aida,
            _ => bail!(
                "{}: expected a name that ends in .json, .nam or .aidax, or a --format",
                output.display()
            ),
        };
        let usual = match format {
            Format::Drive => "pedal",
            Format::Nam => "feather",
            _ => "lstm",
        };
        Ok((format, self.class.as_deref().unwrap_or(usual).parse()?))
    }
}

/// Says at once what would otherwise be found out after an hour.
fn refuse_early(class: &Class, format: Format, args: &Teach) -> Result<()> {
    let fits = match class {
        Class::WaveNet(_) => format == Format::Nam,
        Class::Lstm { .. } => true,
        Class::Gru { .. } => format != Format::Nam,
        Class::Pedal { .. } => format == Format::Drive,
        _ => matches!(format, Format::Drive | Format::RtNeural),
    };
    if !fits {
        bail!("--class {class}: expected one that {} files can hold", format.name());
    }
    let knobs = args.recordings.knob.len();
    if knobs > 0 && format == Format::Nam {
        bail!("--knob: expected none for .nam, which has no knobs; write .json, found {knobs}");
    }
    let published = args.publish.as_deref().and_then(Path::extension);
    let nam = published.map(|e| e.eq_ignore_ascii_case("nam"));
    let holds = match class {
        Class::WaveNet(_) => Some(true),
        Class::Lstm { .. } if matches!(format, Format::Nam | Format::RtNeural) => None,
        _ => Some(false),
    };
    if holds.zip(nam).is_some_and(|(holds, nam)| nam != holds) {
        let expected = if holds == Some(true) { ".nam" } else { ".json" };
        bail!("--publish: expected the name of a {expected} file for --class {class}");
    }
    Ok(())
}

/// Finds out before the work whether the files can hold what is to come of it.
fn try_files(
    args: &Teach,
    lessons: &Lessons,
    settings: &Settings,
    format: Format,
    metadata: &Metadata,
) -> Result<()> {
    let Some(net) = course::untaught(lessons, settings)? else { return Ok(()) };
    let sample_rate = lessons.rate();
    let about = About { sample_rate, metadata, knobs: &lessons.knobs, training: None };
    net.file(format, &about)?;
    if let Some(path) = &args.publish {
        net.file(Publisher::format(path), &about).context("--publish")?;
    }
    Ok(())
}

/// The outcome, and whether all of it could be published.
fn teach(
    args: &Teach,
    lessons: &Lessons,
    settings: &Settings,
    metadata: &Metadata,
) -> Result<(Outcome, Result<()>)> {
    ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            // Who asks twice does not want to wait for the best so far.
            std::process::exit(130);
        }
    })?;
    let publisher = |path: &PathBuf| Publisher::new(path, lessons.rate(), &lessons.knobs, metadata);
    let mut publisher = args.publish.as_ref().map(publisher);
    let mut show = Show::new(args.quiet, settings.seconds)?;
    let mut published = Ok(());
    let mut offer = |publisher: &mut Option<Publisher>, best: Option<&Trained>, improved| {
        let Some(offered) = publisher else { return };
        if let Err(error) = offered.offer(best, improved) {
            // The model itself is worth more than that it is heard on the way.
            let error = error.context("--publish");
            crate::tell(&format!("{error:#}; goes on without"));
            (published, *publisher) = (Err(error), None);
        }
    };
    let outcome = course::teach(lessons, settings, &mut |progress| {
        show.tell(progress);
        offer(&mut publisher, progress.best, progress.improved);
        match STOP.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    show.clear();
    let outcome = outcome?;
    if let Some(publisher) = &mut publisher {
        published = publisher.give(&outcome.trained).context("--publish");
    }
    Ok((outcome, published))
}

/// What the file says of how its model was made.
fn training(settings: &Settings, outcome: &Outcome) -> Value {
    json!({
        "trainer": "kiln",
        "version": env!("CARGO_PKG_VERSION"),
        "class": settings.class.to_string(),
        "seed": settings.seed,
        "steps": outcome.history.last().map_or(0, |last| last.step),
        "seconds": outcome.seconds.round(),
        "loss": settings.loss,
        "optimiser": settings.optimiser,
    })
}

/// The file, with how loud it is and how much it compresses.
fn finished(
    lessons: &Lessons,
    settings: &Settings,
    outcome: &Outcome,
    format: Format,
    metadata: &Metadata,
) -> Result<Vec<u8>> {
    let training = training(settings, outcome);
    let mut metadata = Metadata { esr: Some(outcome.trained.esr), ..metadata.clone() };
    let rate = lessons.rate();
    let file = |metadata: &Metadata| {
        let about =
            About { sample_rate: rate, metadata, knobs: &lessons.knobs, training: Some(&training) };
        outcome.trained.net.file(format, &about)
    };
    if format == Format::Nam {
        let model = Model::load(&file(&metadata)?)?;
        let [from, to] = STANDARD.map(|t| (t * rate) as usize);
        let signal = data::signal(rate);
        let standard = signal.get(from..to).unwrap_or(&signal);
        let loudness = nam::loudness(&model, standard);
        metadata.loudness = Some(loudness).filter(|x| x.is_finite());
        metadata.gain = Some(nam::gain(&model, standard));
    }
    Ok(file(&metadata)?)
}

fn report(
    args: &Teach,
    lessons: &Lessons,
    settings: &Settings,
    outcome: &Outcome,
    metadata: &Metadata,
) -> Result<Report> {
    let net = &outcome.trained.net;
    let answers = net.answers(lessons)?.concat();
    let held = |of: fn(&data::Pair) -> &Vec<f32>| -> Vec<f32> {
        let pairs = lessons.pairs.iter();
        pairs.flat_map(|(pair, _)| of(pair)[pair.held_out.clone()].iter().copied()).collect()
    };
    let (dry, wet) = (held(|pair| &pair.dry), held(|pair| &pair.wet));
    let rate = lessons.rate();
    let about = About { sample_rate: rate, metadata, knobs: &lessons.knobs, training: None };
    let model = Model::load(&net.file(net.format(), &about)?)?;
    let mut notices: Vec<String> = Vec::new();
    for notice in lessons.pairs.iter().flat_map(|(pair, _)| &pair.notices) {
        if !notices.contains(notice) {
            notices.push(notice.clone());
        }
    }
    let first = &lessons.pairs[0].0.found;
    let date = metadata.date.map_or(String::new(), |d| {
        format!("{}-{:02}-{:02} {:02}:{:02} UTC", d.year, d.month, d.day, d.hour, d.minute)
    });
    let about = report::About {
        name: metadata.name.clone().unwrap_or_default(),
        class: settings.class.words(),
        date,
        seed: settings.seed,
        seconds: outcome.seconds,
        latency: first.removed,
        inverted: first.inverted == Some(true),
        gain: first.scale,
        settings: settled(args, lessons, settings, outcome),
        notices,
    };
    let passage = Passage { rate, dry: &dry, wet: &wet, model: &answers };
    Ok(Report::new(about, &passage, &model, outcome.history.clone())?)
}

/// What was set, for the page.
fn settled(
    args: &Teach,
    lessons: &Lessons,
    settings: &Settings,
    outcome: &Outcome,
) -> Vec<(String, String)> {
    let mut all = vec![("class".to_owned(), settings.class.to_string())];
    let mut say = |name: &str, value: String| all.push((name.to_owned(), value));
    say("pairs of recordings", lessons.pairs.len().to_string());
    for knob in &lessons.knobs {
        say("knob", format!("{} from {} to {}", knob.name, knob.min, knob.max));
    }
    say(
        "ended",
        match outcome.end {
            End::Done => "when all was heard".to_owned(),
            End::Patience => "for want of progress".to_owned(),
            End::Time => "when the time was up".to_owned(),
            _ => "by hand".to_owned(),
        },
    );
    say("epochs", settings.epochs.to_string());
    if settings.batch > 0 {
        say("batch", format!("{} x {} samples", settings.batch, settings.length));
        say("learning rate", settings.optimiser.rate.to_string());
        let term = |term: &train::loss::Term| format!("{} {:?}", term.weight, term.kind);
        say("loss", settings.loss.terms.iter().map(term).collect::<Vec<_>>().join(" + "));
    }
    if args.recordings.anyway {
        say("bad recordings", "learnt from all the same".to_owned());
    }
    all
}

fn tell(args: &Teach, output: &Path, outcome: &Outcome, report: &Report) -> Result<()> {
    if args.json {
        let mut all = serde_json::to_value(report)?;
        if let Some(all) = all.as_object_mut() {
            all.insert("model".to_owned(), json!(output));
            all.insert("esr".to_owned(), json!(outcome.trained.esr));
            all.insert("seconds".to_owned(), json!(outcome.seconds));
        }
        return crate::say(&format!("{all:#}\n"));
    }
    if !args.quiet {
        crate::say(&report.summary())?;
        crate::tell(&format!("{} in {}", output.display(), time(outcome.seconds)));
    }
    Ok(())
}
