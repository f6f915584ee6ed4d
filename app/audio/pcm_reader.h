// Raw PCM from a file descriptor: `arecord -t raw | kwsd run -i -`. Thread: see SampleReader.
#pragma once

#include <memory>

#include "app/audio/sample_reader.h"
#include "app/settings/options.h"

namespace kwsd {

/// Reads interleaved samples as `options` says (format, rate, channels, channel). An incomplete frame at
/// the end is dropped with a warning. Throws Error (usage) for a terminal, or a channel that is not there;
/// reading nothing at all is Error (bad_data) at the first read.
[[nodiscard]] std::unique_ptr<SampleReader> open_pcm(int descriptor, const InputOptions& options);

}  // namespace kwsd
