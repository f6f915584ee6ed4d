#include "app/network/notify.h"

#ifdef KWSD_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

namespace kwsd {

void notify_manager([[maybe_unused]] const char* state) {
#ifdef KWSD_SYSTEMD
  sd_notify(0, state);
#endif
}

}  // namespace kwsd
