// What a folder of recordings says about itself, for the trainer. See app/recordings/scan.h.
#pragma once

#include "app/recordings/scan.h"

namespace kwsd::train {
using kwsd::capitals;
using kwsd::read_list;
using kwsd::read_transcripts;
using kwsd::says_any;
using kwsd::sound_files;
using kwsd::speaker_of;
using kwsd::subfolders;
}  // namespace kwsd::train
