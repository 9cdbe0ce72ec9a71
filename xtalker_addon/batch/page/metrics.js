// What predictions come to against their truth: numbers to sort and filter by, and curves under the player.

const METRICS = DATA.metrics ?? []; // key, title, unit, how many of it one stored unit is, which values are good
const PREDICTIONS = [...new Set(ENTRIES.flatMap((entry) => Object.keys(entry.metrics)))];
const ERROR_COLOURS = ["#2f6fc4", "#b0418c", "#1f8a6a", "#9a6b1c"];
const colourOf = (name) => ERROR_COLOURS[PREDICTIONS.indexOf(name) % ERROR_COLOURS.length];

/** A prediction's value in shown units; undefined where it was not measured. */
function valueOf(entry, key, prediction) {
  const column = METRICS.findIndex(([name]) => name === key);
  const stored = entry.metrics[prediction]?.[column];
  return stored === undefined || stored === null ? undefined : stored * METRICS[column][3];
}

const shownNumber = (value) => (Math.abs(value) >= 1e-3 && Math.abs(value) < 1e4) || !value ? String(Number(value.toPrecision(3))) : value.toExponential(2);

/** How bad the chosen metric is: larger is worse; of all predictions the worst counts where none is chosen. */
function badness(entry) {
  const better = METRICS.find(([name]) => name === wanted.metric)?.[4];
  const worse = { low: (value) => value, high: (value) => -value, zero: Math.abs, none: (value) => value }[better];
  const values = chosenValues(entry);
  return values.length ? Math.max(...values.map(worse)) : -Infinity;
}

const chosenValues = (entry) =>
  (wanted.prediction ? [wanted.prediction] : PREDICTIONS).map((name) => valueOf(entry, wanted.metric, name)).filter((value) => value !== undefined);

/** Whether a prediction's value of the chosen metric lies within what is asked for. */
function fitsMetric(entry) {
  if (wanted.least === -Infinity && wanted.most === Infinity) return true;
  return chosenValues(entry).some((value) => value >= wanted.least && value <= wanted.most);
}

/** The chosen metric on a card. */
function metricText(entry) {
  const unit = METRICS.find(([name]) => name === wanted.metric)?.[2] ?? "";
  const values = chosenValues(entry);
  return values.length ? `${values.map(shownNumber).join(" / ")} ${unit}`.trim() : "";
}

function setUpMetrics() {
  const some = METRICS.some((_, column) => ENTRIES.some((entry) => Object.values(entry.metrics).some((values) => typeof values[column] === "number")));
  for (const element of document.querySelectorAll(".with-metrics")) element.hidden = !some;
  for (const option of document.querySelectorAll("#sort option[value=worst], #sort option[value=best]")) option.hidden = !some;
  if (!some) return;
  byId("metric").append(...METRICS.map(([key, title, unit]) => new Option(unit ? `${title} (${unit})` : title, key)));
  byId("prediction").append(new Option("Any prediction", ""), ...PREDICTIONS.map((name) => new Option(name, name)));
  byId("prediction").hidden = PREDICTIONS.length < 2;
  const number = (text, otherwise) => (text.trim() === "" || Number.isNaN(Number(text)) ? otherwise : Number(text));
  byId("metric").addEventListener("change", (event) => want({ metric: event.target.value }));
  byId("prediction").addEventListener("change", (event) => want({ prediction: event.target.value }));
  byId("least").addEventListener("input", (event) => want({ least: number(event.target.value, -Infinity) }));
  byId("most").addEventListener("input", (event) => want({ most: number(event.target.value, Infinity) }));
  const first = METRICS.find(([key]) => key === "lve_max") ?? METRICS[0];
  byId("metric").value = first[0];
  byId("sort").value = "worst"; // what is worst is looked at first
  Object.assign(wanted, { metric: first[0], sort: "worst" });
}

/** The values of the open sequence, a column a prediction. */
function showMetrics(entry) {
  const names = Object.keys(entry.metrics);
  const table = inPlayer("table.metrics");
  table.hidden = !names.length;
  if (!names.length) return;
  const row = (cells, tag) => {
    const line = document.createElement("tr");
    line.append(...cells.map((text) => Object.assign(document.createElement(tag), { textContent: text })));
    return line;
  };
  const rows = METRICS.map(([key, title, unit]) => {
    const values = names.map((name) => valueOf(entry, key, name));
    if (values.every((value) => value === undefined)) return null;
    const heading = unit ? `${title} (${unit})` : title;
    const line = row([heading, ...values.map((value) => (value === undefined ? "–" : shownNumber(value)))], "td");
    line.title = key;
    return line;
  });
  table.replaceChildren(row(["", ...names], "th"), ...rows.filter(Boolean));
}

/** The error of each prediction over the timeline, on one scale, and its value now. */
function drawErrors(paint, width, height, played) {
  const errors = curves?.errors ?? [];
  const top = Math.max(...errors.flatMap(({ peaks }) => peaks), 1e-6);
  const now = errors.map(({ name, peaks }) => {
    paint.strokeStyle = colourOf(name);
    paint.lineWidth = 2;
    paint.beginPath();
    peaks.forEach((value, index) => paint.lineTo(((index + 0.5) / peaks.length) * width, height - 4 - (value / top) * (height - 10)));
    paint.stroke();
    const value = peaks[Math.min(peaks.length - 1, Math.floor(played * peaks.length))];
    const label = Object.assign(document.createElement("b"), { textContent: `${name} ${value.toFixed(1)} mm` });
    label.style.color = colourOf(name);
    return label;
  });
  inPlayer(".errors").replaceChildren(...now);
  inPlayer("[data-do=worst]").hidden = !errors.length;
  return errors.length > 0;
}

/** Goes to the frame in which the chosen prediction, or the worst of them, is farthest off. */
function goToWorst() {
  const errors = (curves?.errors ?? []).filter(({ name }) => !wanted.prediction || name === wanted.prediction);
  if (!errors.length || !video.duration) return;
  const worst = errors.reduce((a, b) => (Math.max(...b.peaks) > Math.max(...a.peaks) ? b : a));
  video.pause();
  video.currentTime = (worst.worst + 0.5) / current.fps;
}
