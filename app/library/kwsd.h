/* libkwsd: spots keywords in streams of sound. C99; no other library is needed.
 *
 *   kwsd_spotter *spotter;  kwsd_stream *stream;
 *   const char *model = "commands";
 *   if (kwsd_spotter_open(&model, 1, &spotter) != KWSD_OK) puts(kwsd_error());
 *   kwsd_stream_open(spotter, &stream);
 *   while (read(samples, 512)) {
 *     kwsd_detection found[4];
 *     int n = kwsd_stream_push_int16(stream, samples, 512, found, 4);
 *     for (int i = 0; i < n; ++i) puts(found[i].keyword);
 *   }
 *   kwsd_stream_close(stream);  kwsd_spotter_close(spotter);
 *
 * Errors. A function that returns int returns a negative kwsd_status when it fails, and does nothing else;
 * one that returns a pointer returns NULL. kwsd_error() then has one line of text. No function prints, raises
 * a signal, throws or exits. A null pointer, a handle that was closed, and a value out of range are errors; a
 * pointer to memory that is not there cannot be recognised.
 *
 * Threads. Every function may be called from any thread. A spotter is shared by any number of streams on any
 * threads. A stream is used by one thread at a time: a call while another is under way fails with KWSD_BUSY.
 * Only opening allocates memory; kwsd_stream_push_* neither allocates nor waits.
 *
 * Lifetimes. A stream keeps what it needs of its spotter, which may be closed first. A keyword's text (const
 * char *) lives until the spotter and all of its streams are closed.
 */
#ifndef KWSD_H
#define KWSD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define KWSD_SAMPLE_RATE 16000     /* samples a second, of every stream; mono */
#define KWSD_MAX_SAMPLES (1 << 24) /* of one push */
#define KWSD_MAX_MODELS 64         /* of one spotter */
#define KWSD_PENDING 64            /* detections that a stream keeps for the next push */

typedef enum kwsd_status {
  KWSD_OK = 0,
  KWSD_BAD_ARGUMENT = -1, /* null, a closed handle, a value out of its range, an unknown keyword */
  KWSD_NOT_FOUND = -2,    /* no such model, or its file cannot be read */
  KWSD_BAD_MODEL = -3,    /* not a model, or a damaged one */
  KWSD_NO_MEMORY = -4,
  KWSD_BUSY = -5,    /* another thread is using the stream */
  KWSD_INTERNAL = -6 /* a defect of libkwsd */
} kwsd_status;

/* How much of the network runs. */
typedef enum kwsd_branch {
  KWSD_FULL = 0,
  KWSD_HALF = 1,
  KWSD_QUARTER = 2,
  KWSD_ALL_BRANCHES = -1
} kwsd_branch;

typedef struct kwsd_spotter kwsd_spotter; /* models, ready to run */
typedef struct kwsd_stream kwsd_stream;   /* one stream of sound */

typedef struct kwsd_detection {
  const char* keyword; /* UTF-8 */
  float score;         /* as it passed the threshold, 0 to 1 */
  float threshold;     /* 0 to 1 */
  double start, end;   /* of the word, about; seconds of the stream */
  int branch;          /* kwsd_branch that found it */
  int model;           /* index of the model in the order of opening */
  float level;         /* RMS of the sound from start to end, dB of full scale, -120 to 0 */
  float snr; /* level less the noise floor, dB: the floor is the 10th percentile of the levels, each of
                100 ms, of the last 5 s */
  double reserved[4]; /* 0 */
} kwsd_detection;

/* Version of the library, "0.1.0". */
const char* kwsd_version(void);
/* The text of the calling thread's last error, one line, never NULL; valid until its next error. */
const char* kwsd_error(void);

/* Opens `count` models, 1 to KWSD_MAX_MODELS. A model is a path (it has a '/' or ends in ".kwsm") or the name
 * of an installed model, which is looked for in $KWSD_MODEL_DIR and /usr/share/kwsd/models. The text is
 * UTF-8. */
int kwsd_spotter_open(const char* const* models, size_t count, kwsd_spotter** spotter);
/* The same from memory: bytes[i] are the sizes[i] bytes of a model file. They are copied. */
int kwsd_spotter_open_bytes(const void* const* bytes, const size_t* sizes, size_t count,
                            kwsd_spotter** spotter);
int kwsd_spotter_close(kwsd_spotter* spotter);
/* The keywords of all models, in their order; keyword(i) for i from 0 to count - 1. */
int kwsd_spotter_keyword_count(const kwsd_spotter* spotter);
const char* kwsd_spotter_keyword(const kwsd_spotter* spotter, size_t index);

/* A new stream at sample 0: branch KWSD_FULL, the models' thresholds, not muted. About 100 kB; 125 kB where a model
   has a second stage. */
int kwsd_stream_open(const kwsd_spotter* spotter, kwsd_stream** stream);
int kwsd_stream_close(kwsd_stream* stream);
/* The samples that follow the last ones: 0 to KWSD_MAX_SAMPLES, any number at a time; what is found does not
 * depend on it. float: full scale is 1, NaN and infinity count as 0. Writes at most `capacity` detections,
 * oldest first, and returns how many; the others come with the next push (which may have 0 samples), up to
 * KWSD_PENDING of them, beyond which the oldest are lost. samples may be NULL if count is 0, found if
 * capacity is 0. */
int kwsd_stream_push_int16(kwsd_stream* stream, const int16_t* samples, size_t count, kwsd_detection* found,
                           size_t capacity);
int kwsd_stream_push_float(kwsd_stream* stream, const float* samples, size_t count, kwsd_detection* found,
                           size_t capacity);
/* Forgets the sound and the detections not yet fetched; the next sample is sample 0. Thresholds, branch and
 * mute stay. */
int kwsd_stream_reset(kwsd_stream* stream);
/* Threshold of a keyword (NULL: of all), in a branch or KWSD_ALL_BRANCHES, 0 to 1; for what is pushed next.
 */
int kwsd_stream_set_threshold(kwsd_stream* stream, const char* keyword, int branch, float threshold);
/* Of a keyword in a branch; where several models have the keyword, of the first. */
int kwsd_stream_threshold(kwsd_stream* stream, const char* keyword, int branch, float* threshold);
int kwsd_stream_set_branch(kwsd_stream* stream, int branch);
/* While muted (nonzero), samples pass, time goes on, and nothing is computed. */
int kwsd_stream_set_muted(kwsd_stream* stream, int muted);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif

#endif
