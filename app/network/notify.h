// Notifications of the servers to the service manager. Thread: any.
#pragma once

namespace kwsd {

/// sd_notify(3); does nothing if kwsd is built without libsystemd.
void notify_manager(const char* state);

}  // namespace kwsd
