//! `kiln-host PLUGIN.clap IN.wav OUT-FOLDER`: what `cargo xtask demo` shows. Its files
//! are named as the plugin's is: of `Kiln Amp.clap` it makes `amp.wav`,
//! `amp-waveforms.png` and `amp-editor.png`.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use hosts::clap::{Bundle, Player, Plugin};
use hosts::picture::Picture;

const BLOCK: u32 = 512;
/// How long an editor is given to measure what plays.
const MEASURED: Duration = Duration::from_secs(8);
const DRY: [u8; 3] = [161, 161, 170];
const FIRED: [u8; 3] = [249, 115, 22];

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, sound, folder] = args.as_slice() else {
        bail!("usage: kiln-host PLUGIN.clap IN.wav OUT-FOLDER");
    };
    let (folder, path) = (Path::new(folder), Path::new(plugin));
    let named = |ending: &str| folder.join(format!("{}{ending}", short(path)));
    let bundle = Bundle::load(path)?;
    let mut plugin = bundle.open()?;
    let (rate, dry) = read(Path::new(sound))?;

    let mut player = plugin.activate([2, 2], f64::from(rate), BLOCK)?;
    let start = std::time::Instant::now();
    let wet = player.render(&[dry.clone(), dry.clone()], &[BLOCK as usize], &[]);
    let seconds = dry.len() as f64 / f64::from(rate);
    let speed = seconds / start.elapsed().as_secs_f64();
    println!("{}: {seconds:.1} s of stereo, {speed:.0} times faster than real time", bundle.id);
    ensure!(wet.iter().flatten().all(|x| x.is_finite()), "the output is not finite");
    write(&named(".wav"), rate, &wet)?;
    Picture::of_sound(&[(&dry, DRY), (&wet[0], FIRED)], 1200, 240)
        .save(&named("-waveforms.png"))?;
    photograph(&mut plugin, player, &dry, rate, &named("-editor.png"))
}

/// What the files of the plugin at `path` are named: the bundle's name, in short. On
/// some systems the library lies deep within its bundle.
fn short(path: &Path) -> String {
    let is_bundle = |path: &&Path| path.extension().is_some_and(|e| e == "clap");
    let bundle = path.ancestors().find(is_bundle).unwrap_or(path);
    let name = bundle.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    name.trim_start_matches("kiln ").replace(' ', "-")
}

/// The editor as it looks while the plugin plays, so that its meters show something.
#[cfg(target_os = "linux")]
fn photograph(
    plugin: &mut Plugin,
    mut player: Player,
    dry: &[f32],
    rate: u32,
    path: &Path,
) -> Result<()> {
    use std::sync::atomic::{AtomicBool, Ordering};

    let done = AtomicBool::new(false);
    let stereo: Vec<_> =
        dry.chunks(BLOCK as usize).map(|block| [block.to_vec(), block.to_vec()]).collect();
    let pause = Duration::from_secs_f64(f64::from(BLOCK) / f64::from(rate));
    let (player, picture) = std::thread::scope(|scope| {
        let audio = scope.spawn(|| {
            for block in stereo.iter().cycle() {
                player.render(block, &[BLOCK as usize], &[]);
                std::thread::sleep(pause);
                if done.load(Ordering::Relaxed) {
                    break;
                }
            }
            player
        });
        let picture = look(plugin);
        done.store(true, Ordering::Relaxed);
        (audio.join(), picture)
    });
    let player = player.ok().context("the audio thread panicked")?;
    plugin.deactivate(player);
    picture?.save(path)
}

#[cfg(target_os = "linux")]
fn look(plugin: &mut Plugin) -> Result<Picture> {
    let mut editor = hosts::window::Editor::open(plugin)?;
    editor.painted(plugin)?;
    // Some measure what plays, and show that later.
    editor.serve(plugin, MEASURED)?;
    let picture = editor.painted(plugin);
    editor.close(plugin)?;
    picture
}

#[cfg(not(target_os = "linux"))]
fn photograph(plugin: &mut Plugin, player: Player, _: &[f32], _: u32, _: &Path) -> Result<()> {
    plugin.deactivate(player);
    println!("the picture of the editor is taken on Linux only");
    Ok(())
}

/// The first channel of a WAV file, and its rate.
fn read(path: &Path) -> Result<(u32, Vec<f32>)> {
    let mut reader =
        hound::WavReader::open(path).with_context(|| format!("reading {}", path.display()))?;
    let spec = reader.spec();
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
        hound::SampleFormat::Int => {
            let scale = 1.0 / (1u64 << (spec.bits_per_sample - 1)) as f32;
            let samples = reader.samples::<i32>().map(|s| s.map(|s| s as f32 * scale));
            samples.collect::<Result<_, _>>()?
        }
    };
    Ok((spec.sample_rate, samples.into_iter().step_by(spec.channels.into()).collect()))
}

fn write(path: &Path, rate: u32, channels: &[Vec<f32>]) -> Result<()> {
    let spec = hound::WavSpec {
        channels: u16::try_from(channels.len())?,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec)
        .with_context(|| format!("writing {}", path.display()))?;
    for i in 0..channels.first().map_or(0, Vec::len) {
        channels.iter().try_for_each(|channel| writer.write_sample(channel[i]))?;
    }
    Ok(writer.finalize()?)
}
