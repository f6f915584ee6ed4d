# A training log (columns: epoch loss training_full validation_full ... seconds) as an SVG curve:
#   awk -f plot.awk commands.log > commands.svg
BEGIN { FS = "\t"; left = 50; top = 20; width = 520; height = 260 }
NR == 1 { columns = NF; for (c = 3; c < NF; ++c) { name[c] = $c; gsub("_", ", ", name[c]) } next }
{ n = NR - 1; epoch[n] = $1; for (c = 3; c < NF; ++c) { value[c, n] = $c; if (low == "" || $c < low) low = $c } }
function x(i) { return left + width * (n > 1 ? (i - 1) / (n - 1) : 0.5) }
function y(v) { return top + height * (100 - v) / (100 - low) }
END {
  low = int(low / 10) * 10
  split("#888888 #1f77b4 #2ca02c #d62728", colour, " ")
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + width + 130, top + height + 40
  for (v = low; v <= 100; v += 10)
    printf "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n", left, y(v), width, left - 6, y(v) + 4, v
  for (c = 3; c < columns; ++c) {
    printf "<polyline fill=\"none\" stroke=\"%s\" points=\"", colour[c - 2]
    for (i = 1; i <= n; ++i) printf "%.1f,%.1f ", x(i), y(value[c, i])
    printf "\"/>\n<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", left + width + 8, top + 16 * (c - 2), colour[c - 2], name[c]
  }
  printf "<text x=\"%d\" y=\"%d\">epoch %d</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">epoch %d</text>\n</svg>\n", left, top + height + 20, epoch[1], left + width, top + height + 20, epoch[n]
}
