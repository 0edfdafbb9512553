//! Reading a WAV file that lies in memory.

use std::io::{ErrorKind, Read};

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as Refusal;
use symphonia::core::formats::FormatReader;
use symphonia::core::io::{MediaSourceStream, ReadOnlySource};
use symphonia::default::codecs::PcmDecoder;
use symphonia::default::formats::WavReader;

use super::{MAX_SECONDS, RATES};
use crate::Error;

/// What a file begins with. Its length is made unlimited: files in which it is
/// wrong are common, and where a file ends is known.
const START: &[u8] = b"RIFF\xff\xff\xff\xff";

const WAV: &str = "a WAV file";

/// The sound in a file.
pub(super) struct Sound {
    pub(super) channels: Vec<Vec<f32>>, // channel × sample, one or two
    pub(super) rate: u32,               // Hz
}

/// Decodes `bytes`, as far as they go if the file was cut short.
pub(super) fn read(bytes: &[u8]) -> Result<Sound, Error> {
    if bytes.len() < 12 || &bytes[..4] != b"RIFF" || &bytes[8..12] != b"WAVE" {
        return Err(Error::unreadable(WAV, "it does not begin with RIFF and WAVE"));
    }
    let source = ReadOnlySource::new(START.chain(&bytes[START.len()..]));
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let mut reader = WavReader::try_new(stream, Default::default()).map_err(refused)?;
    let Some(CodecParameters::Audio(format)) =
        reader.tracks().first().and_then(|track| track.codec_params.clone())
    else {
        return Err(Error::unreadable(WAV, "it has no format"));
    };
    let count = format.channels.as_ref().map_or(0, |channels| channels.count());
    if !(1..=2).contains(&count) {
        return Err(Error::invalid("channels", "1 or 2", count));
    }
    let rate = format.sample_rate.unwrap_or(0);
    if !RATES.contains(&rate) {
        let expected = format!("{} to {} Hz", RATES.start(), RATES.end());
        return Err(Error::invalid("sample rate", expected, format!("{rate} Hz")));
    }
    let mut decoder =
        PcmDecoder::try_new(&format, &AudioDecoderOptions::default()).map_err(refused)?;
    let mut channels = vec![Vec::new(); count];
    decode(&mut reader, &mut decoder, &mut channels, MAX_SECONDS * rate as usize)?;
    Ok(Sound { channels, rate })
}

/// Appends all samples to `channels`, of which there may be `limit`.
fn decode(
    reader: &mut WavReader<'_>,
    decoder: &mut PcmDecoder,
    channels: &mut [Vec<f32>],
    limit: usize,
) -> Result<(), Error> {
    let mut part = Vec::new();
    loop {
        let packet = match reader.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => return Ok(()),
            Err(Refusal::IoError(e)) if e.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(e) => return Err(refused(e)),
        };
        let decoded = decoder.decode(&packet).map_err(refused)?;
        decoded.copy_to_vec_interleaved::<f32>(&mut part);
        for frame in part.chunks_exact(channels.len()) {
            channels.iter_mut().zip(frame).for_each(|(channel, x)| channel.push(*x));
        }
        if channels[0].len() > limit {
            return Err(Error::invalid("length", format!("at most {MAX_SECONDS} s"), "more"));
        }
    }
}

fn refused(e: Refusal) -> Error {
    Error::unreadable(WAV, e)
}
