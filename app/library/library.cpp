// The C API of kwsd.h over engine/spotter.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/library/handles.h"
#include "app/library/kwsd.h"
#include "app/settings/model_store.h"
#include "engine/model/error.h"
#include "engine/model/limits.h"
#include "engine/model/model_file.h"
#include "engine/spotter/spotter_stream.h"

namespace kwsd {
namespace {

struct Keyword {
  std::size_t model;
  int label;
  const char* name;
};

struct SpotterObject {
  std::shared_ptr<const Spotter> spotter;
  std::vector<Keyword> keywords;
};

/// A stream, and the detections that the program has not fetched yet.
struct StreamObject {
  explicit StreamObject(std::shared_ptr<const SpotterObject> from)
      : owner(std::move(from)), stream(owner->spotter) {}

  void keep(const Spotting& word) noexcept;
  int fetch(kwsd_detection* found, std::size_t capacity) noexcept;

  std::shared_ptr<const SpotterObject> owner;
  SpotterStream stream;
  std::atomic_flag busy;
  std::array<kwsd_detection, KWSD_PENDING> pending{};  // ring
  std::size_t first = 0, count = 0;
};

Handles<kwsd_spotter, SpotterObject>& spotters() {
  static Handles<kwsd_spotter, SpotterObject> handles;
  return handles;
}
Handles<kwsd_stream, StreamObject>& streams() {
  static Handles<kwsd_stream, StreamObject> handles;
  return handles;
}

thread_local std::array<char, 512> error_text{};

int fail(int status, std::string_view text) noexcept {
  const std::size_t size = std::min(text.size(), error_text.size() - 1);
  std::copy_n(text.begin(), size, error_text.begin());
  error_text[size] = '\0';
  return status;
}

int status_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::config:
      return KWSD_BAD_ARGUMENT;
    case ErrorKind::no_input:
      return KWSD_NOT_FOUND;
    case ErrorKind::bad_data:
      return KWSD_BAD_MODEL;
    default:
      return KWSD_INTERNAL;
  }
}

/// Runs `body`, which returns a status; exceptions do not leave the function.
template <class Body>
int guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    return fail(status_of(error.kind()), error.what());
  } catch (const std::bad_alloc&) {
    return fail(KWSD_NO_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return fail(KWSD_INTERNAL, error.what());
  } catch (...) {
    return fail(KWSD_INTERNAL, "unknown error");
  }
}

/// Runs body(StreamObject&) for an open stream that no other thread is using.
template <class Body>
int with_stream(kwsd_stream* handle, Body&& body) noexcept {
  return guarded([&]() -> int {
    const std::shared_ptr<StreamObject> object = streams().find(handle);
    if (!object) {
      return fail(KWSD_BAD_ARGUMENT, "stream: found no open stream, expected one of kwsd_stream_open");
    }
    if (object->busy.test_and_set(std::memory_order_acquire)) {
      return fail(KWSD_BUSY, "stream: another thread is using it");
    }
    struct Release {
      std::atomic_flag& busy;
      ~Release() { busy.clear(std::memory_order_release); }
    } release{object->busy};
    return body(*object);
  });
}

int check_branch(int branch, bool all_allowed) noexcept {
  const int lowest = all_allowed ? KWSD_ALL_BRANCHES : KWSD_FULL;
  return branch < lowest || branch > KWSD_QUARTER
             ? fail(KWSD_BAD_ARGUMENT, "branch: expected KWSD_FULL, KWSD_HALF or KWSD_QUARTER")
             : KWSD_OK;
}

int open_spotter(std::vector<std::shared_ptr<const Model>> models, kwsd_spotter** out) {
  auto object = std::make_shared<SpotterObject>();
  object->spotter = std::make_shared<const Spotter>(std::move(models), select_kernels("auto"));
  const auto kept = object->spotter->models();
  for (std::size_t model = 0; model < kept.size(); ++model) {
    for (std::size_t label = 0; label < kept[model]->labels.size(); ++label) {
      if (kept[model]->labels[label].kind == LabelKind::keyword) {
        object->keywords.push_back({model, static_cast<int>(label), kept[model]->labels[label].name.c_str()});
      }
    }
  }
  *out = spotters().add(std::move(object));
  return KWSD_OK;
}

int check_models(const void* models, std::size_t count, const void* out) noexcept {
  if (models == nullptr || out == nullptr) {
    return fail(KWSD_BAD_ARGUMENT, "spotter: found NULL, expected models and a place for the spotter");
  }
  return count < 1 || count > KWSD_MAX_MODELS ? fail(KWSD_BAD_ARGUMENT, "count: expected 1 to 64 models")
                                              : KWSD_OK;
}

void StreamObject::keep(const Spotting& word) noexcept {
  if (count == pending.size()) {
    first = (first + 1) % pending.size();
    --count;
  }
  const Detection& d = word.detection;
  const Model& model = *owner->spotter->models()[word.model];
  kwsd_detection& kept = pending[(first + count++) % pending.size()];
  kept = {};
  kept.keyword = model.labels[static_cast<std::size_t>(d.label)].name.c_str();
  kept.score = d.score;
  kept.threshold = d.threshold;
  kept.start = static_cast<double>(d.start_sample) / KWSD_SAMPLE_RATE;
  kept.end = static_cast<double>(d.end_sample) / KWSD_SAMPLE_RATE;
  kept.branch = static_cast<int>(d.branch);
  kept.model = static_cast<int>(word.model);
  kept.level = word.level_db;
  kept.snr = word.snr_db;
}

int StreamObject::fetch(kwsd_detection* found, std::size_t capacity) noexcept {
  const std::size_t fetched = std::min(capacity, count);
  for (std::size_t i = 0; i < fetched; ++i) {
    found[i] = pending[first];
    first = (first + 1) % pending.size();
  }
  count -= fetched;
  return static_cast<int>(fetched);
}

template <class Sample>
int push(kwsd_stream* handle, const Sample* samples, std::size_t count, kwsd_detection* found,
         std::size_t capacity) noexcept {
  if ((samples == nullptr && count > 0) || (found == nullptr && capacity > 0) || count > KWSD_MAX_SAMPLES) {
    return fail(KWSD_BAD_ARGUMENT, "push: expected samples, at most 2^24, and a place for detections");
  }
  return with_stream(handle, [&](StreamObject& object) -> int {
    object.stream.push(std::span(samples, count), [&object](const Spotting& word) { object.keep(word); });
    return object.fetch(found, capacity);
  });
}

}  // namespace
}  // namespace kwsd

using namespace kwsd;

const char* kwsd_version(void) {
  return KWSD_VERSION;
}

const char* kwsd_error(void) {
  return error_text.data();
}

int kwsd_spotter_open(const char* const* models, size_t count, kwsd_spotter** spotter) {
  return guarded([&]() -> int {
    if (const int status = check_models(models, count, spotter); status != KWSD_OK) {
      return status;
    }
    std::vector<std::shared_ptr<const Model>> loaded;
    for (const char* name : std::span(models, count)) {
      if (name == nullptr) {
        return fail(KWSD_BAD_ARGUMENT, "models: found NULL, expected a name or a path");
      }
      loaded.push_back(std::make_shared<const Model>(load_model(find_model(name))));
    }
    return open_spotter(std::move(loaded), spotter);
  });
}

int kwsd_spotter_open_bytes(const void* const* bytes, const size_t* sizes, size_t count,
                            kwsd_spotter** spotter) {
  return guarded([&]() -> int {
    if (const int status = check_models(bytes, count, spotter); status != KWSD_OK || sizes == nullptr) {
      return sizes == nullptr ? fail(KWSD_BAD_ARGUMENT, "sizes: found NULL") : status;
    }
    std::vector<std::shared_ptr<const Model>> loaded;
    for (std::size_t i = 0; i < count; ++i) {
      if (bytes[i] == nullptr || sizes[i] > max_model_bytes) {
        return fail(KWSD_BAD_ARGUMENT, "bytes: expected the bytes of a model file, at most 16 MiB");
      }
      loaded.push_back(std::make_shared<const Model>(
          parse_model(std::span(static_cast<const std::byte*>(bytes[i]), sizes[i]), "model in memory")));
    }
    return open_spotter(std::move(loaded), spotter);
  });
}

int kwsd_spotter_close(kwsd_spotter* spotter) {
  return guarded([&]() -> int {
    return spotters().remove(spotter) ? KWSD_OK : fail(KWSD_BAD_ARGUMENT, "spotter: found no open spotter");
  });
}

int kwsd_spotter_keyword_count(const kwsd_spotter* spotter) {
  return guarded([&]() -> int {
    const auto object = spotters().find(spotter);
    return object ? static_cast<int>(object->keywords.size())
                  : fail(KWSD_BAD_ARGUMENT, "spotter: found no open spotter");
  });
}

const char* kwsd_spotter_keyword(const kwsd_spotter* spotter, size_t index) {
  const char* name = nullptr;
  (void)guarded([&]() -> int {
    const auto object = spotters().find(spotter);
    if (!object || index >= object->keywords.size()) {
      return fail(KWSD_BAD_ARGUMENT, "keyword: expected an open spotter and an index below its count");
    }
    name = object->keywords[index].name;
    return KWSD_OK;
  });
  return name;
}

int kwsd_stream_open(const kwsd_spotter* spotter, kwsd_stream** stream) {
  return guarded([&]() -> int {
    const auto object = spotters().find(spotter);
    if (!object || stream == nullptr) {
      return fail(KWSD_BAD_ARGUMENT, "stream: expected an open spotter and a place for the stream");
    }
    *stream = streams().add(std::make_shared<StreamObject>(object));
    return KWSD_OK;
  });
}

int kwsd_stream_close(kwsd_stream* stream) {
  return guarded([&]() -> int {
    return streams().remove(stream) ? KWSD_OK : fail(KWSD_BAD_ARGUMENT, "stream: found no open stream");
  });
}

int kwsd_stream_push_int16(kwsd_stream* stream, const int16_t* samples, size_t count, kwsd_detection* found,
                           size_t capacity) {
  return push(stream, samples, count, found, capacity);
}

int kwsd_stream_push_float(kwsd_stream* stream, const float* samples, size_t count, kwsd_detection* found,
                           size_t capacity) {
  return push(stream, samples, count, found, capacity);
}

int kwsd_stream_reset(kwsd_stream* stream) {
  return with_stream(stream, [](StreamObject& object) -> int {
    object.stream.restart(0);
    object.count = 0;
    return KWSD_OK;
  });
}

int kwsd_stream_set_threshold(kwsd_stream* stream, const char* keyword, int branch, float threshold) {
  if (const int status = check_branch(branch, true); status != KWSD_OK) {
    return status;
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    return fail(KWSD_BAD_ARGUMENT, "threshold: expected 0 to 1");
  }
  return with_stream(stream, [&](StreamObject& object) -> int {
    bool known = false;
    for (const Keyword& one : object.owner->keywords) {
      if (keyword == nullptr || std::strcmp(keyword, one.name) == 0) {
        known = true;
        if (branch == KWSD_ALL_BRANCHES) {
          object.stream.set_threshold(one.model, one.label, threshold);
        } else {
          object.stream.set_threshold(one.model, one.label, static_cast<BranchId>(branch), threshold);
        }
      }
    }
    return known ? KWSD_OK
                 : fail(KWSD_BAD_ARGUMENT, "keyword: found '" + printable(keyword == nullptr ? "" : keyword) +
                                               "', expected a keyword of the models");
  });
}

int kwsd_stream_threshold(kwsd_stream* stream, const char* keyword, int branch, float* threshold) {
  if (const int status = check_branch(branch, false); status != KWSD_OK) {
    return status;
  }
  if (keyword == nullptr || threshold == nullptr) {
    return fail(KWSD_BAD_ARGUMENT, "threshold: found NULL, expected a keyword and a place for its threshold");
  }
  return with_stream(stream, [&](StreamObject& object) -> int {
    for (const Keyword& one : object.owner->keywords) {
      if (std::strcmp(keyword, one.name) == 0) {
        *threshold = object.stream.threshold(one.model, one.label, static_cast<BranchId>(branch));
        return KWSD_OK;
      }
    }
    return fail(KWSD_BAD_ARGUMENT, "keyword: expected a keyword of the models");
  });
}

int kwsd_stream_set_branch(kwsd_stream* stream, int branch) {
  if (const int status = check_branch(branch, false); status != KWSD_OK) {
    return status;
  }
  return with_stream(stream, [&](StreamObject& object) -> int {
    object.stream.set_branch(static_cast<BranchId>(branch));
    return KWSD_OK;
  });
}

int kwsd_stream_set_muted(kwsd_stream* stream, int muted) {
  return with_stream(stream, [&](StreamObject& object) -> int {
    object.stream.set_muted(muted != 0);
    return KWSD_OK;
  });
}
