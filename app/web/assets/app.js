// The page: shows the state, follows its changes, and asks for new ones.
import { $, change, load, make, missPlot, notice, plot, sendSound, sync } from "/page.js";
import { record as recordHere } from "/recorder.js";

let state = { keywords: [], recordings: [], dropped: [], clips: [], near_misses: [], detections: [], installed: [], own: [], reports: [], job: {} };
let microphone; // of the browser, while it records
let events;

const clock = (seconds) => new Date(1000 * seconds).toLocaleString([], { dateStyle: "short", timeStyle: "medium" });
const percent = (value) => `${(100 * value).toFixed(0)} %`;
const listening = () => Array.isArray(state.status?.models);

// Sounds.

function play(id) {
  $("player").src = `/api/sound/${id}`;
  $("player").play().catch((error) => notice("The sound cannot be played: " + error.message));
}

const player = (name, id) => make("button", { type: "button", "aria-label": `Play ${name}`, onclick: () => play(id()) }, "▶ Play");

/// A button that marks a sound as a mistake, or takes the mark away.
function marker(text, as, name) {
  const button = make("button", { type: "button", "aria-label": `${text}: ${name}` }, text);
  button.onclick = () => change("mark", { id: button.dataset.id, as: button.ariaPressed === "true" ? "none" : as });
  return {
    button,
    show(sound) {
      button.hidden = sound === undefined;
      button.dataset.id = sound?.id ?? "";
      button.ariaPressed = String(sound?.mark === as);
    },
  };
}

// Listening.

function keywordRow(row) {
  const name = make("strong", {}, row.keyword);
  const meter = make("div", { className: "meter", role: "meter", "aria-label": `Score of ${row.keyword}`, "aria-valuemin": "0", "aria-valuemax": "1", "aria-valuenow": "0" }, make("div", { className: "at" }));
  const slider = make("input", { type: "range", min: "0", max: "1", step: "0.01" });
  slider.setAttribute("aria-label", `Threshold of ${row.keyword}`);
  const output = make("output");
  slider.oninput = () => showThreshold(item, Number(slider.value));
  slider.onchange = () => {
    $("kept").textContent = "";
    change("threshold", { word: row.keyword, value: Number(slider.value) });
  };
  const item = make("li", {}, make("div", { className: "name" }, name, make("span")), meter, make("label", {}, "Threshold", slider, output));
  return item;
}

function showThreshold(item, value) {
  item.querySelector("output").textContent = value.toFixed(2);
  item.querySelector(".at").style.setProperty("--at", value);
}

function updateKeyword(item, row) {
  item.querySelector(".name span").textContent = `${row.detections} detected · ${row.model}`;
  const slider = item.querySelector("input");
  if (document.activeElement !== slider || slider.dataset.sent !== String(row.thresholds.full)) {
    slider.value = row.thresholds.full;
    slider.dataset.sent = row.thresholds.full;
    showThreshold(item, row.thresholds.full);
  }
}

/// Writes the thresholds in force to kwsd's configuration.
async function keep() {
  $("kept").textContent = "";
  const done = await change("keep");
  if (done !== undefined) {
    const others = done.left_out.length > 0 ? ` Without those of the models that kwsd's setting model does not name: ${done.left_out.join(", ")}.` : "";
    $("kept").textContent = `Kept in ${done.file}: ${done.kept.join(", ")}.${others}`;
  }
}

function showCurves() {
  const models = listening() ? state.status.models : [];
  sync($("curves"), models, (name) => name, (name) => {
    const figure = make("details", { hidden: true }, make("summary", {}, `Misses against false accepts of ${name}`));
    load(`curve/${encodeURIComponent(name)}`, true).then((curve) => {
      if (curve?.points.length > 0) {
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        svg.setAttribute("class", "plot");
        svg.setAttribute("viewBox", "0 0 400 160");
        svg.setAttribute("role", "img");
        svg.setAttribute("aria-label", `Share of missed words against false accepts an hour, for thresholds from strict to lax: ${curve.points.map(([f, m]) => `${percent(m)} at ${f.toFixed(1)}`).join(", ")}`);
        missPlot(svg, curve.points);
        figure.append(svg);
        figure.hidden = false;
      }
    });
    return figure;
  }, () => {});
}

const history = []; // of scores, 5 a second
let stripped = false; // the strip shows some
let slow = false; // every other time: level and strip

/// Touches what has changed alone: each change is drawn again.
function showLive(live) {
  slow = !slow;
  if (slow) {
    showLevel(live);
  }
  showScores(live.scores ?? []);
}

function showLevel(live) {
  const level = Math.round(live.level ?? -80);
  if ($("level").getAttribute("aria-valuenow") !== String(level)) {
    $("level").style.setProperty("--value", Math.max(0, Math.min(1, (level + 80) / 80)));
    $("level").setAttribute("aria-valuenow", level);
  }
  const text = live.level === undefined ? "no kwsd" : `${level} dBFS`;
  if ($("level-text").textContent !== text) {
    $("level-text").textContent = text;
  }
}

function showScores(scores) {
  [...$("keywords").children].forEach((item, i) => {
    const score = scores[i] ?? 0;
    const meter = item.querySelector(".meter");
    const text = score.toFixed(2);
    if (meter.getAttribute("aria-valuenow") !== text) {
      meter.setAttribute("aria-valuenow", text);
      meter.style.setProperty("--value", score);
      meter.classList.toggle("over", score >= Number(item.querySelector("input").value));
    }
  });
  history.push(Math.max(0, ...scores));
  history.splice(0, history.length - 150);
  if (slow) {
    const visible = history.some((score) => score > 0.01);
    if (visible || stripped) {
      drawStrip();
    }
    stripped = visible;
  }
}

/// The highest score of each fifth of a second.
function drawStrip() {
  const canvas = $("strip");
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const style = getComputedStyle(document.documentElement);
  context.clearRect(0, 0, width, height);
  context.fillStyle = style.getPropertyValue("--bar");
  const step = width / 150;
  history.forEach((score, i) => {
    const top = Math.round((height - 4) * score);
    context.fillRect((150 - history.length + i) * step, height - top, step - 1, top);
  });
}

function showStatus() {
  const { status } = state;
  const on = listening();
  $("mute").disabled = $("keep").disabled = !on;
  $("mute").ariaPressed = String(on && status.muted);
  $("status").textContent = !on ? "kwsd does not run, or has no control socket (kwsd.socket, or --control)."
    : status.device !== "open" ? "Waiting for the microphone."
    : status.muted ? `Muted: ${status.input}` : `Listening: ${status.input}`;
}

// Detections and clips.

function detectionRow(event) {
  const name = `${event.keyword}, ${event.time ? new Date(event.time).toLocaleTimeString() : `${event.start} s`}`;
  const item = make("li");
  const button = player(name, () => item.dataset.clip);
  const wrong = marker("False accept", "false_accept", name);
  item.append(make("div", { className: "grow" }, make("strong", {}, event.keyword), make("small", {}, `${name.split(", ").at(-1)} · score ${event.score.toFixed(2)}, threshold ${event.threshold.toFixed(2)} · ${event.level} dBFS, SNR ${event.snr} dB`)), button, wrong.button);
  item.show = (now) => {
    item.dataset.clip = now.clip?.id ?? "";
    button.hidden = now.clip === undefined;
    wrong.show(now.clip);
  };
  return item;
}

function soundRow(sound, label, mark, kind = "") {
  const name = `${kind}${sound.word}, ${clock(sound.time)}`;
  const flag = marker(label, mark, name);
  const item = make("li", {}, make("div", { className: "grow" }, make("strong", {}, sound.word), make("small", {}, clock(sound.time))), player(name, () => sound.id), flag.button);
  item.show = flag.show;
  return item;
}

function droppedRow(sound) {
  return make("li", {}, make("div", { className: "grow" }, make("strong", {}, sound.word), make("small", {}, clock(sound.time))), player(`dropped ${sound.word}, ${clock(sound.time)}`, () => sound.id));
}

function recordingRow(sound) {
  const item = soundRow(sound, "Was missed", "missed");
  item.append(make("button", { type: "button", "aria-label": `Delete ${sound.word}, ${clock(sound.time)}`, onclick: () => {
    (item.nextElementSibling ?? item.previousElementSibling)?.querySelector("button").focus();
    change("remove", { id: sound.id });
  } }, "Delete"));
  return item;
}

const update = (item, now) => item.show(now);

function showSounds() {
  sync($("detections"), state.detections, (event) => `${event.time}/${event.seq}/${event.start}`, detectionRow, update);
  sync($("recordings"), state.recordings, (sound) => sound.id, recordingRow, update);
  sync($("dropped"), state.dropped, (sound) => sound.id, droppedRow, () => {});
  $("dropped-part").hidden = state.dropped.length === 0;
  sync($("clips"), state.clips, (sound) => sound.id, (sound) => soundRow(sound, "False accept", "false_accept"), update);
  $("detections-empty").hidden = state.detections.length > 0;
  $("recordings-empty").hidden = state.recordings.length > 0;
  $("clips-empty").hidden = state.clips.length > 0;
  sync($("near"), state.near_misses, (sound) => sound.id, (sound) => soundRow(sound, "That was the word", "missed", "nearly "), update);
  $("near-empty").hidden = state.near_misses.length > 0;
  $("near-empty").textContent = state.keeps_near_misses ? "None yet." : "kwsd run keeps none: setting save-near-misses.";
  $("clips-empty").textContent = state.keeps_clips ? "None yet." : "kwsd run keeps none: setting save-clips.";
}

// Models.

function modelRow(name) {
  const button = make("button", { type: "button" });
  button.onclick = () => change(button.dataset.adds === "true" ? "model/add" : "model/remove", { name });
  const report = make("a", { href: `/api/report/${encodeURIComponent(name)}`, target: "_blank", rel: "noopener", "aria-label": `Report of ${name}` }, "Report");
  return make("li", {}, make("div", { className: "grow" }, make("strong", {}, name), make("small")), report, button);
}

function updateModel(item, name) {
  const active = listening() && state.status.models.includes(name);
  item.querySelector("small").textContent = [active ? "listens" : "", state.own.includes(name) ? "your own" : ""].filter(Boolean).join(", ");
  item.querySelector("a").hidden = !state.reports.includes(name);
  const button = item.querySelector("button");
  button.dataset.adds = String(!active);
  button.textContent = active ? "Stop listening" : "Listen";
  button.ariaLabel = active ? `Stop listening for ${name}` : `Listen for ${name}`;
  button.disabled = !listening() || (active && state.status.models.length === 1);
}

// Recording, enrolling, training.

const titles = { record: "Recording", take: "Recording", enroll: "Enrolling", train: "Training" };

/// What a line says: a word to speak, or how the last one was.
function showLine(line) {
  const prompt = /^(\d+)\/(\d+)\s+(say ".*")$/.exec(line);
  const word = /^\s+([\d.]+) s, peak (-?\d+) dB: (.*)$/.exec(line);
  if (prompt) {
    $("prompt").textContent = `${prompt[1]} of ${prompt[2]}: ${prompt[3]}`;
  } else if (word) {
    const kept = word[3].endsWith(".wav");
    $("job-state").textContent = kept ? `Kept: ${word[1]} s, peak ${word[2]} dB` : `Dropped: ${word[3]}`;
    refresh();
  } else {
    $("job-state").textContent = line.replace(/^(kwsd: )?info: /, "");
  }
}

/// Epochs so far: "epoch 3/24: 3	loss	training	validation ...".
function showTraining(lines) {
  const epochs = lines.map((line) => /epoch (\d+)\/(\d+): \d+\t[\d.]+\t([\d.]+)(?:\t([\d.]+))?/.exec(line)).filter(Boolean);
  $("training").toggleAttribute("hidden", epochs.length === 0);
  if (epochs.length > 0) {
    const all = Number(epochs[0][2]);
    plot($("training"), epochs.map(([, epoch, , training, validation]) => [epoch / all, Number(validation ?? training) / 100]), { low: "0 %", high: "100 %", left: "accuracy", right: `epoch ${epochs.at(-1)[1]} of ${all}` });
  }
}

function showJob() {
  const { job } = state;
  const counting = $("prompt").dataset.counting === "true";
  $("job").hidden = !job.kind && !counting;
  $("lines").textContent = (job.lines ?? []).join("\n");
  showTraining(job.lines ?? []);
  for (const id of ["record", "enroll", "train"]) {
    $(id).disabled = job.running || counting;
  }
  $("stop").disabled = !job.running;
  $("train").hidden = $("quick-label").hidden = !state.trains;
  if (!job.running && job.kind && !counting) {
    $("prompt").textContent = `${titles[job.kind]} "${job.word}" ${job.code === 0 ? "has ended" : "has failed"}`;
    if (job.code !== 0) {
      $("job-state").textContent = job.lines.at(-1) ?? `exit status ${job.code}`;
    }
  }
  const made = !job.running && job.code === 0 && (job.kind === "enroll" || job.kind === "train");
  $("deploy").hidden = !made || !listening();
  $("deploy").textContent = `Listen for "${job.word}"`;
}

async function countDown() {
  $("prompt").dataset.counting = "true";
  showJob();
  for (const number of [3, 2, 1]) {
    $("prompt").textContent = `Speak in ${number}`;
    await new Promise((done) => setTimeout(done, 700));
  }
  $("prompt").dataset.counting = "false";
}

async function startRecording() {
  const word = $("word").value.trim();
  const count = Number($("count").value);
  await countDown();
  if ($("source").value === "machine") {
    await change("record", { word, count });
  } else {
    let ready = false;
    try {
      microphone = await recordHere((samples) => (ready ? sendSound(samples) : undefined));
      ready = (await change("take", { word, count, rate: microphone.rate })) !== undefined;
    } catch (error) {
      notice("The browser's microphone: " + error.message);
    }
    if (!ready) {
      endMicrophone();
    }
  }
  refresh();
}

function endMicrophone() {
  microphone?.stop();
  microphone = undefined;
}

function start(kind) {
  if ($("teach").reportValidity()) {
    const quick = kind === "train" ? { quick: $("quick").checked } : {};
    change(kind, { word: $("word").value.trim(), mistakes: $("mistakes").checked, ...quick });
  }
}

function deploy() {
  const { model } = state.job;
  if (state.status.models.includes(model)) {
    change("model/replace", { name: model, by: model });
  } else {
    change("model/add", { name: model });
  }
}

// The state and its changes.

let refreshing, later, again = false;

/// Reads the state, and once more if something changes meanwhile.
function refresh() {
  if (refreshing) {
    again = true;
    return;
  }
  refreshing = load("state").then((now) => {
    refreshing = undefined;
    if (now !== undefined) {
      state = now;
      show();
    }
    if (again) {
      again = false;
      refresh();
    }
  });
}

function show() {
  showStatus();
  sync($("keywords"), state.keywords, (row) => `${row.model}/${row.keyword}`, keywordRow, updateKeyword);
  showCurves();
  showSounds();
  sync($("models"), state.installed, (name) => name, modelRow, updateModel);
  showJob();
  $("version").textContent = `kwsd ${state.version}`;
}

function follow({ data }) {
  const message = JSON.parse(data);
  if (message.live) {
    showLive(message.live);
  } else if (message.line !== undefined) {
    state.job.lines = [...(state.job.lines ?? []), message.line].slice(-200);
    $("lines").textContent = state.job.lines.join("\n");
    showLine(message.line);
    showTraining(state.job.lines);
  } else if (message.kwsd) {
    if (message.kwsd.event === "detection") {
      $("said").textContent = `${message.kwsd.keyword} detected`;
      later ??= setTimeout(() => { // the clip is written meanwhile
        later = undefined;
        refresh();
      }, 700);
    } else if (message.kwsd.event !== "status") {
      refresh();
    }
  } else {
    if (message.changed === "job") {
      load("state").then((now) => now?.job.running || endMicrophone());
    }
    refresh();
  }
}

/// A page that nobody sees costs nothing.
function connect() {
  if (document.hidden) {
    events?.close();
    events = undefined;
  } else if (events === undefined) {
    events = new EventSource("/api/events");
    events.onopen = refresh;
    events.onmessage = follow;
    refresh();
  }
}

$("teach").onsubmit = (event) => {
  event.preventDefault();
  startRecording();
};
$("enroll").onclick = () => start("enroll");
$("train").onclick = () => start("train");
$("stop").onclick = () => change("stop");
$("deploy").onclick = deploy;
$("keep").onclick = keep;
$("mute").onclick = () => change("mute", { muted: $("mute").ariaPressed !== "true" });
document.addEventListener("visibilitychange", connect);
connect();
