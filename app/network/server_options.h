// Options that the servers have in common. Thread: any.
#pragma once

#include <string>
#include <vector>

#include "app/settings/options.h"

namespace kwsd {

struct ServerOptions {
  std::vector<std::string> uris;  ///< ignored where the service manager passes sockets
  RecognitionOptions recognition;
  int most_connections = 1000;
  double most_connections_a_second = 100;  ///< further connections wait
  double most_bytes_a_second = 1e6;        ///< average of a connection; faster ones are read more slowly
  double idle_seconds = 3600;              ///< a connection without data for this long is closed
  bool one_answer = false;                 ///< RoomArbiter
  int threads = 0;                         ///< that recognize; 0: default_recognition_threads()
};

}  // namespace kwsd
