// The player: one sequence with its sound, its curves and its review.

const player = document.getElementById("player");
const video = player.querySelector("video");
const timeline = player.querySelector(".timeline");
const inPlayer = (selector) => player.querySelector(selector);
const SPEEDS = [1, 0.5, 0.25];
let current = null;
let curves = null;

window.xtalkerPreview = ([name, loaded]) => {
  if (current?.name !== name) return;
  curves = loaded;
  drawTimeline();
};

function openPlayer(index) {
  choose(index, false);
  current = shown[selected];
  if (!current) return;
  curves = null;
  if (!player.open) {
    player.showModal();
    player.focus({ preventScroll: true });
  }
  history.replaceState(null, "", `#${encodeURIComponent(current.name)}`);
  showDetails();
  showMetrics(current);
  player.classList.toggle("failed", Boolean(current.failure));
  inPlayer(".failure").textContent = current.error;
  inPlayer(".stage").style.setProperty("--shape", current.width ? `${current.width} / ${current.height}` : "1");
  player.classList.toggle("silent", !current.failure && !plays(current));
  if (!current.failure && !plays(current)) showStill();
  if (current.failure || !plays(current)) {
    video.removeAttribute("src");
    video.load();
  } else {
    video.src = videoOf(current);
    video.play().catch(() => {}); // a browser may want a click first
  }
  if (!current.failure) {
    const script = document.createElement("script"); // a page on disk may not fetch
    script.src = `${fileOf(current, "previews/", ".js")}?${encodeURIComponent(current.made)}`;
    script.addEventListener("load", () => script.remove());
    script.addEventListener("error", () => script.remove());
    document.head.append(script);
  }
  drawTimeline();
}

/** What browsers cannot play is shown by its first picture, or by its contact strip, with a link to it. */
function showStill() {
  const pictures = current.file.startsWith("/");
  inPlayer(".still img").src = current.form === "png" ? videoOf(current) : stripOf(current);
  const what = pictures
    ? `${plural(current.frames, "picture")} (${FORMS[current.form]}) in the folder `
    : `${FORMS[current.form]}: browsers do not play it. It is in the file `;
  const link = document.createElement("a");
  link.href = pictures ? fileOf(current, "", "/") : videoOf(current);
  link.target = "_blank";
  link.textContent = current.short + (pictures ? "" : current.file);
  inPlayer(".still p").replaceChildren(what, link);
}

function closePlayer() {
  video.pause();
  video.removeAttribute("src");
  video.load();
  current = null;
  history.replaceState(null, "", location.pathname + location.search);
  if (player.open) player.close();
  const place = selected;
  refresh();
  choose(selected < 0 ? place : selected);
}

/** Which of the clip's frames these are, where they do not begin with its first. */
const partOf = (entry) => (entry.first ? `: ${entry.first} to ${entry.first + entry.frames - 1}` : "");

function showDetails() {
  const review = reviewOf(current);
  inPlayer("h2").textContent = current.short;
  inPlayer(".place").textContent = `${selected + 1} of ${shown.length.toLocaleString("en")}`;
  inPlayer(".approve").setAttribute("aria-pressed", review.verdict === "approved");
  inPlayer(".reject").setAttribute("aria-pressed", review.verdict === "rejected");
  inPlayer("textarea").value = review.note;
  inPlayer(".warnings").replaceChildren(
    ...current.warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
  );
  inPlayer("blockquote").textContent = current.transcript;
  const facts = {
    Subset: current.subset,
    Subject: current.subject,
    Emotion: current.emotion,
    Length: current.frames && `${current.seconds.toFixed(2)} s, ${plural(current.frames, "frame")} at ${current.fps} a second${partOf(current)}`,
    Picture: current.width && `${current.width} × ${current.height}`,
    Form: current.failure || plays(current) ? "" : FORMS[current.form],
    Sound: current.failure ? "" : current.sound ? "yes" : "none",
    Rendered: current.renderSeconds && `in ${current.renderSeconds} s by ${current.engine}, ${current.renderer}`,
    Made: current.made.replace("T", " ").replace("Z", " UTC"),
    Name: current.name,
  };
  inPlayer("aside dl").replaceChildren(
    ...Object.entries(facts)
      .filter(([, text]) => text)
      .flatMap(([term, text]) => [
        Object.assign(document.createElement("dt"), { textContent: term }),
        Object.assign(document.createElement("dd"), { textContent: text }),
      ]),
  );
}

/** Gives the open or selected sequence a verdict, the same again takes it back; then on to the next. */
function decide(verdict) {
  const entry = current ?? shown[selected];
  if (!entry || entry.failure) return;
  const again = reviewOf(entry).verdict === verdict;
  setReview(entry, { verdict: again ? "" : verdict });
  if (again || !verdict) current ? showDetails() : drawGrid(true);
  else go(1);
  updateCounts();
}

function go(step) {
  const next = selected + step;
  if (!current) choose(next);
  else if (next >= 0 && next < shown.length) openPlayer(next);
  else {
    showDetails();
    toast(step > 0 ? "That was the last one." : "This is the first one.");
  }
}

// -- timeline ---------------------------------------------------------------------------------------------------------

function drawTimeline() {
  const { clientWidth: width, clientHeight: height } = timeline;
  if (!width) return;
  const scale = devicePixelRatio;
  timeline.width = width * scale;
  timeline.height = height * scale;
  const paint = timeline.getContext("2d");
  paint.scale(scale, scale);
  const colour = (name) => getComputedStyle(player).getPropertyValue(name);
  const middle = height * 0.5;
  const sound = curves?.sound ?? [];
  const played = video.duration ? video.currentTime / video.duration : 0;
  sound.forEach((peak, index) => {
    const x = (index / sound.length) * width;
    const size = Math.max(0.5, (peak / 255) ** 0.6 * middle * 0.92);
    paint.fillStyle = colour(x < played * width ? "--wave-played" : "--wave");
    paint.fillRect(x, middle - size, Math.max(1, width / sound.length - 1), 2 * size);
  });
  const compared = drawErrors(paint, width, height, played);
  inPlayer(".codes").hidden = compared;
  for (const name of compared ? [] : ["expression", "jaw"]) {
    const values = curves?.[name] ?? [];
    const top = Math.max(name === "jaw" ? 10 : 5, ...values);
    paint.strokeStyle = colour(`--${name}`);
    paint.lineWidth = 1.6;
    paint.lineJoin = "round";
    paint.beginPath();
    values.forEach((value, index) => {
      const x = ((index + 0.5) / values.length) * width;
      paint.lineTo(x, height - 4 - (value / top) * (height - 10));
    });
    paint.stroke();
    const now = values[Math.min(values.length - 1, Math.floor(played * values.length))];
    inPlayer(`[data-value=${name}]`).textContent = now === undefined ? "" : name === "jaw" ? `${now.toFixed(1)}°` : now.toFixed(1);
  }
  paint.fillStyle = colour("--text");
  paint.fillRect(Math.min(width - 1.5, played * width), 0, 1.5, height);
  if (!current) return;
  const frame = Math.min(current.frames - 1, Math.floor(video.currentTime * current.fps + 0.01));
  inPlayer(".time").textContent = current.failure ? "" : plays(current) ? `${clock(video.currentTime)}  ·  frame ${current.first + frame}` : clock(current.seconds);
}

function seek(event) {
  if (!video.duration) return;
  const box = timeline.getBoundingClientRect();
  video.currentTime = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * (video.duration - 0.001);
}
timeline.addEventListener("pointerdown", (event) => {
  timeline.setPointerCapture(event.pointerId);
  seek(event);
});
timeline.addEventListener("pointermove", (event) => timeline.hasPointerCapture(event.pointerId) && seek(event));

function stepFrames(count) {
  if (!video.duration) return;
  video.pause();
  const frame = Math.floor(video.currentTime * current.fps + 0.01) + count;
  video.currentTime = Math.max(0, Math.min(current.frames - 1, frame) + 0.5) / current.fps;
}

function tick() {
  if (!video.paused) drawTimeline();
  if (player.open) requestAnimationFrame(tick);
}
for (const name of ["play", "pause", "seeked", "loadeddata", "volumechange"]) {
  video.addEventListener(name, () => {
    inPlayer("[data-do=play]").innerHTML = icon(video.paused ? "play" : "pause");
    inPlayer("[data-do=mute]").innerHTML = icon(video.muted ? "mute" : "sound");
    drawTimeline();
  });
}
video.addEventListener("play", () => requestAnimationFrame(tick));
video.addEventListener("error", () => {
  if (!current || current.failure || !video.hasAttribute("src")) return;
  player.classList.add("failed");
  inPlayer(".failure").textContent = `${current.name}${current.file} is not beside this page, or this browser cannot play it.`;
});
video.loop = true;

const ACTIONS = {
  play: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
  mute: () => (video.muted = !video.muted),
  loop: () => inPlayer("[data-do=loop]").setAttribute("aria-pressed", (video.loop = !video.loop)),
  speed: () => {
    video.defaultPlaybackRate = video.playbackRate = SPEEDS[(SPEEDS.indexOf(video.playbackRate) + 1) % SPEEDS.length];
    inPlayer("[data-do=speed]").textContent = `${video.playbackRate}×`;
  },
  worst: goToWorst,
  previous: () => go(-1),
  next: () => go(1),
  approve: () => decide("approved"),
  reject: () => decide("rejected"),
  close: closePlayer,
};
player.addEventListener("click", (event) => {
  ACTIONS[event.target.closest("[data-do]")?.dataset.do]?.();
  if (event.target === player) closePlayer(); // the backdrop
});
video.addEventListener("click", ACTIONS.play);
player.addEventListener("cancel", (event) => {
  event.preventDefault();
  closePlayer();
});
inPlayer("textarea").addEventListener("input", (event) => setReview(current, { note: event.target.value }));
