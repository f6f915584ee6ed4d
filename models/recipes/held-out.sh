# Running speech of synthetic voices that no training uses, for thresholds: folders speech-a and speech-b of RUNS.
held_out() {
  [ -f "$RUNS/held-out.done" ] && return
  sentences >"$RUNS/sentences.txt"
  awk 'NR % 2' "$RUNS/sentences.txt" >"$RUNS/sentences-a.txt"
  awk 'NR % 2 == 0' "$RUNS/sentences.txt" >"$RUNS/sentences-b.txt"
  kwsd-train synth --sentences "$RUNS/sentences-a.txt" -o "$RUNS/speech-a" --speakers 40 --seed 21
  kwsd-train synth --sentences "$RUNS/sentences-b.txt" -o "$RUNS/speech-b" --speakers 40 --seed 22
  touch "$RUNS/held-out.done"
}

# Texts without the keywords: the transcripts of the recorded speech, and Debian's copies of licences.
sentences() {
  {
    [ ! -d "$KWSD_DATA/speech" ] || find "$KWSD_DATA/speech" -name '*.trans.txt' | sort | xargs -r cat | cut -d' ' -f2-
    for text in Apache-2.0 Artistic CC0-1.0 GFDL-1.3 GPL-1 GPL-2 GPL-3 LGPL-2.1 LGPL-3 MPL-1.1 MPL-2.0; do
      [ ! -f "/usr/share/common-licenses/$text" ] || tr '\n' ' ' <"/usr/share/common-licenses/$text" | tr -s ' ' | sed 's/[.;:] /\n/g' | tr -cd "A-Za-z' ,\n" |
        awk 'NF >= 5 && NF <= 30'
    done
  } | awk '!seen[$0]++'
}
