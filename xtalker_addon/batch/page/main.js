// The bar above the grid, the keyboard, and the beginning of it all.

const byId = (id) => document.getElementById(id);

let toastTimer = 0;
function toast(text) {
  byId("toast").textContent = text;
  byId("toast").classList.add("on");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => byId("toast").classList.remove("on"), 2600);
}

/** Shows what the filters leave, from the top. */
function refresh() {
  const { entries, counts } = select();
  const kept = shown[selected];
  shown = entries;
  selected = kept ? shown.indexOf(kept) : -1;
  measure();
  drawGrid(true);
  byId("empty").hidden = entries.length > 0;
  const seconds = entries.reduce((sum, entry) => sum + entry.seconds, 0);
  const length = seconds < 3600 ? clock(seconds) : `${(seconds / 3600).toFixed(1)} h`;
  byId("summary").textContent = plural(entries.length, "sequence") + (seconds ? ` · ${length}` : "");
  byId("left").hidden = !DATA.left;
  byId("left").textContent = `being rendered, ${DATA.left.toLocaleString("en")} to go: reload the page to see more`;
  showCounts(counts);
  byId("clear").hidden = Object.entries(NO_FILTER).every(([filter, nothing]) => wanted[filter] === nothing);
}

function showCounts(counts) {
  for (const tab of byId("shows").children) {
    const count = counts[tab.dataset.show];
    tab.querySelector("b").textContent = count.toLocaleString("en");
    tab.hidden = tab.dataset.show !== "all" && tab.dataset.show !== wanted.show && count === 0;
    tab.setAttribute("aria-pressed", tab.dataset.show === wanted.show);
  }
}
const updateCounts = () => showCounts(select().counts);

function want(change) {
  Object.assign(wanted, change);
  scrollTo({ top: 0 });
  refresh();
}

function setUpFilters() {
  for (const [show, [title]] of Object.entries(SHOWS)) {
    const tab = document.createElement("button");
    tab.dataset.show = show;
    tab.innerHTML = `${title} <b></b>`;
    tab.addEventListener("click", () => want({ show }));
    byId("shows").append(tab);
  }
  for (const label of ["subset", "subject", "emotion"]) {
    const counts = new Map();
    for (const entry of ENTRIES) if (entry[label]) counts.set(entry[label], (counts.get(entry[label]) ?? 0) + 1);
    const options = [...counts].sort((a, b) => a[0].localeCompare(b[0], "en", { numeric: true }));
    byId(label).append(new Option(`Any ${label}`, ""), ...options.map(([text, count]) => new Option(`${text} (${count})`, text)));
    byId(label).hidden = counts.size < 2;
    byId(label).addEventListener("change", (event) => want({ [label]: event.target.value }));
  }
  let typing = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => want({ search: event.target.value.trim().toLowerCase() }), 60);
  });
  byId("shortest").addEventListener("input", (event) => want({ shortest: Number(event.target.value) || 0 }));
  byId("longest").addEventListener("input", (event) => want({ longest: Number(event.target.value) || Infinity }));
  byId("sort").addEventListener("change", (event) => want({ sort: event.target.value }));
  byId("clear").addEventListener("click", () => {
    const ids = ["search", "subset", "subject", "emotion", "shortest", "longest", "prediction", "least", "most"];
    for (const id of ids) byId(id).value = "";
    want(NO_FILTER);
  });
  byId("filters-toggle").addEventListener("click", () => {
    const open = byId("filters").classList.toggle("open");
    byId("filters-toggle").setAttribute("aria-expanded", open);
    drawGrid();
  });
}

function setUpReview() {
  for (const button of document.querySelectorAll("[data-export]")) {
    button.addEventListener("click", () => {
      const kind = button.dataset.export;
      const blob = new Blob([reviewsAsText(kind)], { type: kind === "json" ? "application/json" : "text/csv" });
      const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `review.${kind}` });
      link.click();
      URL.revokeObjectURL(link.href);
      toast(`${plural(reviews.size, "review")} exported.`);
    });
  }
  byId("import").addEventListener("click", () => byId("import-file").click());
  byId("import-file").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    try {
      toast(`${plural(addReviews(await file.text(), file.name.endsWith(".csv")), "review")} read.`);
    } catch {
      toast(`${file.name} is not a review that was exported here.`);
    }
    event.target.value = "";
    refresh();
  });
  byId("forget").addEventListener("click", () => {
    if (!confirm(`Forget ${plural(reviews.size, "review")} that this browser keeps for this page?`)) return;
    reviews.clear();
    keepReviews();
    refresh();
  });
  const menu = document.querySelector(".menu");
  document.addEventListener("click", (event) => {
    if (event.target.tagName !== "SUMMARY") menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  if (!reviewsAreKept) toast("This browser keeps no reviews for this page: export them before you close it.");
}

function setUpTheme() {
  const key = "xtalker-theme";
  const dark = matchMedia("(prefers-color-scheme: dark)");
  try {
    document.documentElement.dataset.theme = localStorage.getItem(key) ?? "";
  } catch {} // follows the system then
  byId("theme").addEventListener("click", () => {
    const now = document.documentElement.dataset.theme || (dark.matches ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(key, document.documentElement.dataset.theme);
    } catch {} // forgotten when the page closes
  });
}

const KEYS = {
  ArrowLeft: () => go(-1),
  ArrowRight: () => go(1),
  k: () => go(-1),
  j: () => go(1),
  ArrowUp: () => go(current ? -1 : -columns),
  ArrowDown: () => go(current ? 1 : columns),
  Home: () => !current && choose(0),
  End: () => !current && choose(shown.length - 1),
  Enter: () => !current && selected >= 0 && openPlayer(selected),
  a: () => decide("approved"),
  r: () => decide("rejected"),
  u: () => decide(""),
  n: () => {
    if (!current && selected >= 0) openPlayer(selected);
    inPlayer("textarea").focus();
  },
  "/": () => !current && byId("search").focus(),
  "?": () => byId("keys").showModal(),
};
const PLAYER_KEYS = {
  " ": ACTIONS.play,
  m: ACTIONS.mute,
  l: ACTIONS.loop,
  s: ACTIONS.speed,
  w: ACTIONS.worst,
  ",": () => stepFrames(-1),
  ".": () => stepFrames(1),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, textarea, select");
  if (typing && event.key === "Escape") {
    event.preventDefault();
    event.target.blur();
    return;
  }
  if (typing || event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = (current && PLAYER_KEYS[key]) || KEYS[key];
  if (!action || (event.key === "Enter" && !event.target.matches("body, .card"))) return;
  event.preventDefault();
  action();
});

grid.addEventListener("click", (event) => {
  const card = event.target.closest(".card");
  if (card) openPlayer(Number(card.dataset.index));
});
byId("help").addEventListener("click", () => byId("keys").showModal());

let drawn = 0;
addEventListener("scroll", () => (drawn ||= requestAnimationFrame(() => ((drawn = 0), scrolled()))), { passive: true });
addEventListener("resize", () => {
  const first = Math.floor(Math.max(0, scrollY - grid.offsetTop) / rowHeight) * columns;
  measure();
  if (first) scrollTo({ top: Math.floor(first / columns) * rowHeight + grid.offsetTop });
  drawGrid(true);
  drawTimeline();
});

document.title = `${DATA.title} · XTalker`;
document.querySelector("h1").textContent = DATA.title;
loadReviews();
setUpTheme();
setUpFilters();
setUpMetrics();
setUpReview();
refresh();
const linked = shown.findIndex((entry) => location.hash === `#${encodeURIComponent(entry.name)}`);
if (linked >= 0) openPlayer(linked);
