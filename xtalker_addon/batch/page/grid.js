// The grid: as many cards as fit the window, moved and filled anew while it scrolls.

const grid = document.getElementById("grid");
const CAPTION = 50;
const HOVER_MS = 140;
const MARGIN_ROWS = 2;

// The shape of most pictures is the shape of all cards.
const shapes = new Map();
for (const { width, height } of ENTRIES) if (height) shapes.set(width / height, (shapes.get(width / height) ?? 0) + 1);
const CARD_SHAPE = Math.min(3, Math.max(0.75, [...shapes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 1));

let shown = ENTRIES;
let columns = 1;
let cardWidth = 0;
let rowHeight = 0;
let gap = 12;
let selected = -1;
let hurry = false; // while the page scrolls faster than anyone can look, pictures are not loaded
const cards = new Map(); // index -> element
const spare = [];

const icon = (name) => `<svg><use href="#i-${name}"/></svg>`;

function newCard() {
  const card = document.createElement("button");
  card.className = "card";
  card.setAttribute("role", "listitem");
  card.innerHTML = `<span class="picture"><span class="strip"></span><span class="sentence"></span>
    <span class="badges"></span><span class="length"></span></span><span class="name"></span><span class="labels"></span>`;
  return card;
}

function fillCard(card, index) {
  const entry = shown[index];
  const review = reviewOf(entry);
  const part = (name) => card.querySelector(`.${name}`);
  const strip = part("strip");
  card.dataset.index = index;
  card.className = "card";
  card.classList.toggle("failed", Boolean(entry.failure));
  card.classList.toggle("selected", index === selected);
  if (review.verdict) card.classList.add(review.verdict);
  card.setAttribute("aria-label", `${entry.name}${review.verdict ? `, ${review.verdict}` : ""}`);
  strip.style.backgroundImage = entry.failure || hurry ? "none" : `url("${stripOf(entry)}")`;
  strip.style.backgroundSize = `${picturesIn(entry) * 100}% 100%`;
  strip.style.aspectRatio = entry.failure ? "" : `${entry.width} / ${entry.height}`;
  strip.classList.toggle("high", entry.width / entry.height < CARD_SHAPE);
  showPicture(strip, entry, Math.floor(picturesIn(entry) / 3));
  part("sentence").textContent = entry.error.replaceAll(/[^\s]*\/(?=[^\s/]+)/g, ""); // without folders, to fit
  part("badges").innerHTML =
    (review.verdict ? `<i class="${review.verdict}">${icon(review.verdict === "approved" ? "approve" : "reject")}</i>` : "") +
    (review.note ? `<i>${icon("note")}</i>` : "") +
    (entry.warnings.length ? `<i class="warning">${icon("warning")}</i>` : "") +
    (entry.failure ? `<i class="failure">${icon("failed")}</i>` : "");
  const facts = [FORMS[entry.form], metricText(entry), clock(entry.seconds)];
  part("length").textContent = entry.failure ? "" : facts.filter(Boolean).join(" · ");
  part("name").textContent = entry.short;
  part("labels").textContent = [entry.subset, entry.subject, entry.emotion].filter(Boolean).join(" · ") || "–";
}

function showPicture(strip, entry, picture) {
  const last = picturesIn(entry) - 1;
  strip.style.backgroundPosition = `${last > 0 ? (100 * picture) / last : 0}% 0`;
}

function measure() {
  const width = grid.clientWidth;
  const phone = width < 560;
  gap = phone ? 8 : 14;
  columns = Math.max(2, Math.floor((width + gap) / ((phone ? 150 : 176 * Math.sqrt(CARD_SHAPE)) + gap)));
  cardWidth = (width - gap * (columns - 1)) / columns;
  rowHeight = Math.round(cardWidth / CARD_SHAPE) + CAPTION + gap;
}

let drawnAt = 0;
let settle = 0;

/** For every step of scrolling. */
function scrolled() {
  const far = Math.abs(scrollY - drawnAt) > innerHeight / 2;
  drawnAt = scrollY;
  clearTimeout(settle);
  if (far) hurry = true;
  if (hurry) settle = setTimeout(() => ((hurry = false), drawGrid(true)), 90);
  drawGrid();
}

/** Puts the cards where the window is; `anew` fills those that are there already too. */
function drawGrid(anew = false) {
  const rows = Math.ceil(shown.length / columns);
  grid.style.height = `${Math.max(0, rows * rowHeight - gap)}px`;
  const top = scrollY - grid.offsetTop;
  const from = Math.max(0, Math.floor(top / rowHeight) - MARGIN_ROWS) * columns;
  const to = Math.min(shown.length, (Math.ceil((top + innerHeight) / rowHeight) + MARGIN_ROWS) * columns);
  for (const [index, card] of cards) {
    if (index < from || index >= to) {
      cards.delete(index);
      spare.push(card);
    }
  }
  for (let index = from; index < to; index++) {
    let card = cards.get(index);
    if (card && !anew) continue;
    if (!card) {
      card = spare.pop() ?? newCard();
      cards.set(index, card);
    }
    fillCard(card, index);
    card.style.width = `${cardWidth}px`;
    card.style.height = `${rowHeight - gap}px`;
    card.style.transform = `translate(${(index % columns) * (cardWidth + gap)}px, ${Math.floor(index / columns) * rowHeight}px)`;
    if (!card.isConnected) grid.append(card);
  }
  for (const card of spare.splice(0)) card.remove();
}

function choose(index, focus = true) {
  selected = Math.max(0, Math.min(shown.length - 1, index));
  if (!shown.length) return;
  const top = Math.floor(selected / columns) * rowHeight + grid.offsetTop;
  const header = document.querySelector("header").offsetHeight;
  if (top - gap < scrollY + header) scrollTo({ top: top - header - gap });
  else if (top + rowHeight > scrollY + innerHeight) scrollTo({ top: top + rowHeight - innerHeight });
  drawGrid(true);
  if (focus) cards.get(selected)?.focus({ preventScroll: true });
}

// -- hover to play ----------------------------------------------------------------------------------------------------

let hovered = null;

function hover(card) {
  if (hovered?.card === card) return;
  if (hovered) {
    clearTimeout(hovered.wait);
    clearInterval(hovered.flip);
    hovered.video?.remove();
    const entry = shown[hovered.card.dataset.index];
    if (entry) showPicture(hovered.card.querySelector(".strip"), entry, Math.floor(picturesIn(entry) / 3));
  }
  hovered = null;
  const entry = card && shown[card.dataset.index];
  if (!entry || entry.failure) return;
  const mine = (hovered = { card });
  const strip = card.querySelector(".strip");
  let picture = 0;
  mine.flip = setInterval(() => showPicture(strip, entry, picture++ % picturesIn(entry)), 220); // until the video plays
  if (!plays(entry)) return;
  mine.wait = setTimeout(() => {
    const video = (mine.video = document.createElement("video"));
    Object.assign(video, { muted: true, loop: true, playsInline: true, src: videoOf(entry) });
    video.addEventListener("playing", () => (clearInterval(mine.flip), video.classList.add("on")), { once: true });
    strip.append(video);
    video.play().catch(() => {});
  }, HOVER_MS);
}

grid.addEventListener("pointerover", (event) => {
  if (event.pointerType === "mouse") hover(event.target.closest(".card"));
});
grid.addEventListener("pointerleave", () => hover(null));
