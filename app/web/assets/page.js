// Elements, requests and plots of the page.

export const $ = (id) => document.getElementById(id);

/// An element with properties, attributes ("aria-label") and children.
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) {
      element[name] = value;
    } else {
      element.setAttribute(name, value);
    }
  }
  element.append(...children);
  return element;
}

/// Makes the children of `list` those of `items`, and keeps elements (and the focus in them) where the key stays.
export function sync(list, items, key, create, update) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    let element = old.get(name);
    if (element === undefined) {
      element = create(item);
      element.dataset.key = name;
    }
    old.delete(name);
    if (element === place) {
      place = place.nextElementSibling;
    } else {
      list.insertBefore(element, place);
    }
    update(element, item);
  }
  for (const element of old.values()) {
    element.remove();
  }
}

export function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = text === "";
}

let token = "";

/// The answer of the API; undefined after a failure, which the page then shows.
async function ask(method, path, body, type, quiet = false) {
  const headers = method === "POST" ? { "Content-Type": type, "X-Kwsd-Token": token } : {};
  try {
    const answer = await fetch("/api/" + path, { method, headers, body });
    const text = await answer.text();
    const json = text.startsWith("{") ? JSON.parse(text) : { error: text.trim() };
    if (answer.ok || quiet) {
      if (method === "POST") {
        notice("");
      }
      return answer.ok ? json : undefined;
    }
    notice(answer.status === 401 ? "Open the address that kwsd web printed: it has the token of this page." : json.error);
  } catch (error) {
    notice("kwsd web does not answer: " + error.message);
  }
  return undefined;
}

/// `quiet`: what is missing is not shown.
export async function load(path, quiet = false) {
  const json = await ask("GET", path, undefined, "", quiet);
  token = json?.token ?? token;
  return json;
}
export const change = (path, body = {}) => ask("POST", path, JSON.stringify(body), "application/json");
export const sendSound = (samples) => ask("POST", "take/sound", samples, "application/octet-stream");

const svgNamespace = "http://www.w3.org/2000/svg";

function draw(tag, attributes, text = "") {
  const element = document.createElementNS(svgNamespace, tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.textContent = text;
  return element;
}

/// Points in [0, 1] x [0, 1], with texts at the ends of both axes.
export function plot(svg, points, { low, high, left, right }) {
  const [x0, x1, y0, y1] = [42, 392, 134, 10];
  const at = ([x, y]) => `${(x0 + (x1 - x0) * x).toFixed(1)},${(y0 + (y1 - y0) * y).toFixed(1)}`;
  svg.replaceChildren(
    draw("path", { class: "axis", d: `M${x0} ${y1}V${y0}H${x1}` }),
    draw("text", { x: x0 - 4, y: y0, "text-anchor": "end" }, low),
    draw("text", { x: x0 - 4, y: y1 + 8, "text-anchor": "end" }, high),
    draw("text", { x: x0, y: y0 + 16 }, left),
    draw("text", { x: x1, y: y0 + 16, "text-anchor": "end" }, right),
    draw("polyline", { class: "line", points: points.map(at).join(" ") }),
  );
}

/// A curve of misses against false accepts an hour; the axis of the latter is logarithmic.
export function missPlot(svg, points) {
  const [low, high] = [0.01, 100];
  const place = (perHour) => Math.log(Math.min(Math.max(perHour, low), high) / low) / Math.log(high / low);
  const most = Math.max(0.1, ...points.map(([, missed]) => missed));
  plot(svg, points.map(([perHour, missed]) => [place(perHour), missed / most]), {
    low: "0 %", high: `${Math.round(100 * most)} %`, left: `${low} false accepts an hour`, right: String(high),
  });
}
