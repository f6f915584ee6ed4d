// Sound on standard input: a sound file of any format from a pipe, or raw PCM. Thread: see SampleReader.
#pragma once

#include <memory>

#include "app/audio/sample_reader.h"
#include "app/settings/options.h"

namespace kwsd {

/// The sound of `descriptor`, which stays open. The first bytes identify the format: input with a header
/// (WAV, also of unknown length, FLAC, Ogg ...) has its own rate and channels, any other input is raw PCM as
/// `options` describes it (read_pcm). Live pipes are read as data arrives. Throws Error (usage) for a
/// terminal; `open` of the result: bad_data (MPEG-4, WebM and other unsupported formats, a damaged header),
/// usage (no such channel).
[[nodiscard]] std::unique_ptr<SampleReader> open_stream(int descriptor, const InputOptions& options);

}  // namespace kwsd
