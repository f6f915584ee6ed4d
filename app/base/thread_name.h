// Names of threads, as `top -H` and debuggers show them. Thread: any.
#pragma once

#include <pthread.h>

namespace kwsd {

/// Names the calling thread; at most 15 characters.
inline void name_thread(const char* name) noexcept {
  pthread_setname_np(pthread_self(), name);
}

}  // namespace kwsd
