/* A plugin for qemu-user (TCG plugin API version 1): which translation blocks ran between two markers.
 *
 *   qemu-aarch64 -cpu cortex-a53 -plugin libkwsd_a53_trace.so,out=FILE PROGRAM
 *
 * With out=FILE,whole=on it counts instead how often each block of the whole program ran.
 *
 * The program calls kwsd_cost_begin() and kwsd_cost_end() (functions of its own that do nothing); each such
 * pair is a region. FILE is text: the blocks with their instructions, then the order in which they ran.
 *
 *   block NUMBER SYMBOL      a translation block, in the function SYMBOL ("-" where there is none)
 *    INSTRUCTION             one line each
 *   region                   the next region begins: blocks ran in this order
 *   run NUMBER NUMBER ...
 *   counts NUMBER ...        of the whole program: how often each block ran, in the order of the blocks
 *
 * The counts are exact and repeatable: qemu runs a block from its first instruction to its last.
 * Debian's qemu-user 7.2 brings no header for plugins, so the documented functions are declared here. */
#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };
typedef void (*translate_callback)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*run_callback)(unsigned int, void *);
typedef void (*quit_callback)(qemu_plugin_id_t, void *);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, translate_callback callback);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, run_callback callback,
                                          enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, quit_callback callback, void *userdata);

EXPORT int qemu_plugin_version = 1;

enum { region_begin = UINT32_MAX };

static FILE *out;
static bool recording;
static uint32_t blocks;
static GArray *ran;       /* uint32_t: block numbers and region_begin */
static GPtrArray *counts; /* uint64_t of each block; NULL: regions are wanted */

static void append(uint32_t value) { g_array_append_val(ran, value); }

static void on_begin(unsigned int cpu, void *unused) {
  (void)cpu, (void)unused;
  append(region_begin);
  recording = true;
}

static void on_end(unsigned int cpu, void *unused) {
  (void)cpu, (void)unused;
  recording = false;
}

static void on_run(unsigned int cpu, void *number) {
  (void)cpu;
  if (recording) append(GPOINTER_TO_UINT(number));
}

static void on_count(unsigned int cpu, void *count) {
  (void)cpu;
  ++*(uint64_t *)count;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
  (void)id;
  const size_t count = qemu_plugin_tb_n_insns(tb);
  const char *symbol = qemu_plugin_insn_symbol(qemu_plugin_tb_get_insn(tb, 0));
  if (symbol != NULL && strcmp(symbol, "kwsd_cost_begin") == 0) {
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_begin, QEMU_PLUGIN_CB_NO_REGS, NULL);
    return;
  }
  if (symbol != NULL && strcmp(symbol, "kwsd_cost_end") == 0) {
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_end, QEMU_PLUGIN_CB_NO_REGS, NULL);
    return;
  }
  fprintf(out, "block %" PRIu32 " %s\n", blocks, symbol != NULL && *symbol != '\0' ? symbol : "-");
  for (size_t i = 0; i < count; ++i) {
    char *text = qemu_plugin_insn_disas(qemu_plugin_tb_get_insn(tb, i));
    fprintf(out, " %s\n", text);
    g_free(text);
  }
  if (counts != NULL) {
    g_ptr_array_add(counts, g_new0(uint64_t, 1));
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_count, QEMU_PLUGIN_CB_NO_REGS, g_ptr_array_index(counts, blocks));
  } else {
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, QEMU_PLUGIN_CB_NO_REGS, GUINT_TO_POINTER(blocks));
  }
  ++blocks;
}

static void on_quit(qemu_plugin_id_t id, void *unused) {
  (void)id, (void)unused;
  for (guint i = 0; i < ran->len; ++i) {
    const uint32_t number = g_array_index(ran, uint32_t, i);
    if (number == region_begin) {
      fputs("\nregion\nrun", out);
    } else {
      fprintf(out, " %" PRIu32, number);
    }
  }
  for (guint i = 0; counts != NULL && i < counts->len; ++i) {
    fprintf(out, "%s %" PRIu64, i == 0 ? "counts" : "", *(uint64_t *)g_ptr_array_index(counts, i));
  }
  fputc('\n', out);
  fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i) {
    if (strncmp(argv[i], "out=", 4) == 0) out = fopen(argv[i] + 4, "w");
    if (strcmp(argv[i], "whole=on") == 0) counts = g_ptr_array_new();
  }
  if (out == NULL) {
    fputs("a53_trace: out=FILE is missing or cannot be written\n", stderr);
    return -1;
  }
  ran = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
  qemu_plugin_register_atexit_cb(id, on_quit, NULL);
  return 0;
}
