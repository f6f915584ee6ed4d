// Raw PCM: `arecord -t raw | kwsd run -i -`. Thread: see SampleReader.
#pragma once

#include <memory>

#include "app/audio/descriptor_stream.h"
#include "app/audio/sample_reader.h"
#include "app/settings/options.h"

namespace kwsd {

/// Reads interleaved samples of `bytes`, which must outlive it, as `options` describes them (format, rate,
/// channels, channel). An incomplete frame at the end is dropped with a warning. Throws Error (usage) for a
/// channel that does not exist; empty input is Error (bad_data) at the first read.
[[nodiscard]] std::unique_ptr<SampleReader> read_pcm(DescriptorStream& bytes, const InputOptions& options);

}  // namespace kwsd
