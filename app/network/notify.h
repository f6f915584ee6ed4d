// What the servers tell the service manager. Thread: any.
#pragma once

namespace kwsd {

/// sd_notify(3); nothing where kwsd is built without libsystemd.
void notify_manager(const char* state);

}  // namespace kwsd
