"use strict";
// What is on the page, what is wanted of it, and what the reviewer said.

const DATA = JSON.parse(document.getElementById("data").textContent);
const ENTRIES = DATA.rows.map((row) => {
  const entry = Object.fromEntries(DATA.fields.map((field, column) => [field, row[column]]));
  entry.short = entry.name.slice(entry.name.lastIndexOf("/") + 1);
  entry.words = [entry.name, entry.emotion, entry.transcript, entry.error, ...entry.warnings].join("\n").toLowerCase();
  return entry;
});

/** A sequence's file beside the page; names may hold any character. */
const fileOf = (entry, folder, suffix) => folder + entry.name.split("/").map(encodeURIComponent).join("/") + suffix;
const filePath = (entry) => fileOf(entry, "", "") + entry.file.split("/").map(encodeURIComponent).join("/");
const videoOf = (entry) => `${filePath(entry)}?${encodeURIComponent(entry.made)}`;
const FORMS = { prores: "ProRes", ffv1: "FFV1", png: "PNG", exr: "OpenEXR" };
const plays = (entry) => !(entry.form in FORMS); // browsers play H.264
const stripOf = (entry) => `${fileOf(entry, "previews/", ".jpg")}?${encodeURIComponent(entry.made)}`;
const picturesIn = (entry) => Math.min(8, entry.frames);

const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

// -- reviews ----------------------------------------------------------------------------------------------------------
// The exported form, {name, verdict, note, changed}, is described in xtalker_addon/batch/review_state.py.

const REVIEW_KEY = `xtalker-review:${location.pathname}`;
const reviews = new Map();
let reviewsAreKept = true;

function loadReviews() {
  try {
    for (const review of JSON.parse(localStorage.getItem(REVIEW_KEY) ?? "[]")) reviews.set(review.name, review);
  } catch {
    reviewsAreKept = false;
  }
}

function keepReviews() {
  try {
    localStorage.setItem(REVIEW_KEY, JSON.stringify([...reviews.values()]));
  } catch {
    reviewsAreKept = false;
  }
}

const reviewOf = (entry) => reviews.get(entry.name) ?? { name: entry.name, verdict: "", note: "", changed: "" };

function setReview(entry, change) {
  const review = { ...reviewOf(entry), ...change, changed: new Date().toISOString().replace(/\.\d+/, "") };
  if (review.verdict || review.note) reviews.set(entry.name, review);
  else reviews.delete(entry.name);
  keepReviews();
}

const REVIEW_COLUMNS = ["name", "verdict", "note", "changed"];

function reviewsAsText(kind) {
  const sorted = [...reviews.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (kind === "json") return JSON.stringify({ xtalker_review: 1, reviews: sorted }, null, 1);
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [REVIEW_COLUMNS, ...sorted.map((review) => REVIEW_COLUMNS.map((column) => quoted(review[column])))]
    .map((row) => `${row.join(",")}\r\n`)
    .join("");
}

/** Adds another reviewer's file; where both said something, the later word counts. Returns how many it held. */
function addReviews(text, isCsv) {
  const rows = isCsv ? csvRows(text) : [];
  const read = isCsv
    ? rows.slice(1).map((row) => Object.fromEntries(rows[0].map((column, index) => [column, row[index] ?? ""])))
    : JSON.parse(text).reviews;
  const allowed = ["approved", "rejected", ""];
  if (!Array.isArray(read) || !read.every((review) => review.name && allowed.includes(review.verdict))) {
    throw new Error("not a review");
  }
  for (const { name, verdict, note = "", changed = "" } of read) {
    if ((reviews.get(name)?.changed ?? "") <= changed) reviews.set(name, { name, verdict, note, changed });
  }
  keepReviews();
  return read.length;
}

function csvRows(text) {
  const rows = [[]];
  const cells = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|$)/gy;
  for (let match = cells.exec(text); match && cells.lastIndex <= text.length; match = cells.exec(text)) {
    const cell = match[1];
    rows.at(-1).push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (cells.lastIndex >= text.length) break;
    if (match[2] !== ",") rows.push([]);
  }
  return rows.filter((row) => row.length > 1);
}

// -- filters ----------------------------------------------------------------------------------------------------------

const SHOWS = {
  all: ["All", () => true],
  undecided: ["Undecided", (entry) => !entry.failure && !reviewOf(entry).verdict],
  approved: ["Approved", (entry) => reviewOf(entry).verdict === "approved"],
  rejected: ["Rejected", (entry) => reviewOf(entry).verdict === "rejected"],
  noted: ["Noted", (entry) => Boolean(reviewOf(entry).note)],
  warnings: ["Warnings", (entry) => entry.warnings.length > 0],
  failed: ["Failed", (entry) => Boolean(entry.failure)],
};

const byNumber = (a, b) => (a === b ? 0 : a - b); // two infinities are equal

const ORDERS = {
  name: () => 0, // as the data has them
  longest: (a, b) => b.seconds - a.seconds,
  shortest: (a, b) => a.seconds - b.seconds,
  newest: (a, b) => (a.made < b.made ? 1 : a.made > b.made ? -1 : 0),
  warnings: (a, b) => b.warnings.length - a.warnings.length,
  worst: (a, b) => byNumber(badness(b), badness(a)),
  best: (a, b) => Number(badness(a) === -Infinity) - Number(badness(b) === -Infinity) || byNumber(badness(a), badness(b)),
};

const NO_FILTER = {
  ...{ show: "all", search: "", subset: "", subject: "", emotion: "", shortest: 0, longest: Infinity },
  ...{ prediction: "", least: -Infinity, most: Infinity },
};
const wanted = { ...NO_FILTER, sort: "name", metric: "" };

function fits(entry) {
  return (
    ["subset", "subject", "emotion"].every((label) => !wanted[label] || entry[label] === wanted[label]) &&
    entry.seconds >= wanted.shortest &&
    entry.seconds <= wanted.longest &&
    fitsMetric(entry) &&
    wanted.search.split(/\s+/).every((word) => entry.words.includes(word))
  );
}

/** The entries to be shown, in order; and how many each of SHOWS would show. */
function select() {
  const fitting = ENTRIES.filter(fits);
  const counts = Object.fromEntries(Object.entries(SHOWS).map(([show, [, test]]) => [show, fitting.filter(test).length]));
  return { entries: fitting.filter(SHOWS[wanted.show][1]).sort(ORDERS[wanted.sort]), counts };
}
