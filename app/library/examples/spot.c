/* Prints the keywords in 16 kHz mono int16 samples from standard input: arecord -q -r 16000 -f S16_LE -t raw | ./spot
 *   cc spot.c $(pkg-config --cflags --libs kwsd) -o spot */
#include <kwsd.h>
#include <stdio.h>

int main(int argc, char **argv) {
  const char *model = argc > 1 ? argv[1] : "commands";
  kwsd_spotter *spotter;
  kwsd_stream *stream;
  if (kwsd_spotter_open(&model, 1, &spotter) != KWSD_OK || kwsd_stream_open(spotter, &stream) != KWSD_OK) {
    fprintf(stderr, "spot: %s\n", kwsd_error());
    return 1;
  }
  int16_t samples[512];
  size_t count;
  while ((count = fread(samples, sizeof samples[0], 512, stdin)) > 0) {
    kwsd_detection found[4];
    const int n = kwsd_stream_push_int16(stream, samples, count, found, 4);
    if (n < 0) {
      fprintf(stderr, "spot: %s\n", kwsd_error());
      return 1;
    }
    for (int i = 0; i < n; ++i) {
      printf("%s %.3f %.3f %.2f\n", found[i].keyword, found[i].start, found[i].end, (double)found[i].score);
      fflush(stdout);
    }
  }
  kwsd_stream_close(stream);
  kwsd_spotter_close(spotter);
  return 0;
}
