// Sound on standard input: a sound file of any kind that comes through a pipe, or raw PCM. Thread: see
// SampleReader.
#pragma once

#include <memory>

#include "app/audio/sample_reader.h"
#include "app/settings/options.h"

namespace kwsd {

/// The sound of `descriptor`, which stays open. Its first bytes tell what it is: what has a header (WAV, also
/// of unknown length, FLAC, Ogg ...) has its own rate and channels, everything else is raw PCM as `options`
/// says (read_pcm). Live pipes are read as they come. Throws Error (usage) for a terminal; `open` of the
/// result: bad_data (MPEG-4, WebM and others that are not supported, a damaged header), usage (no such
/// channel).
[[nodiscard]] std::unique_ptr<SampleReader> open_stream(int descriptor, const InputOptions& options);

}  // namespace kwsd
