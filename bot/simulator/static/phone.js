// The phone, the staff group and the wire, kept up to date by a long poll.
"use strict";

const $ = (id) => document.getElementById(id);
const seen = { version: -1, chat: 0, staff: 0, wire: 0 };
const NAMES = ["张工", "李经理", "王总", "陈女士", "赵先生", "周主任", "吴小姐", "孙总监"];
const ZONE = { timeZone: "Asia/Shanghai" };
const VIA = { reply: "", kf: "客服消息", mass: "群发", preview: "预览", template: "模板消息", notice: "订阅通知" };
const CHANNELS = { wecom: "企业微信", dingtalk: "钉钉", feishu: "飞书" };
const EVENTS = {
  subscribe: "已关注公众号", unsubscribe: "已取消关注", SCAN: "扫了二维码", CLICK: "点了菜单", VIEW: "打开了菜单链接",
  scancode_push: "扫码", scancode_waitmsg: "扫码", location_select: "选择了位置", LOCATION: "上报了位置",
};
const SAMPLES = [
  ["image", "图片", { kind: "image" }],
  ["voice", "语音", { kind: "voice" }],
  ["location", "位置", { kind: "location", Location_X: 31.3041, Location_Y: 120.5954, Scale: 16, Label: "江苏省苏州市工业园区星湖街328号" }],
  ["link", "链接", { kind: "link", Title: "产业园区招商手册", Description: "园区介绍与配套", Url: "https://example.com/park" }],
  ["video", "视频", { kind: "video" }],
  ["shortvideo", "小视频", { kind: "shortvideo" }],
  ["face", "表情", { kind: "text", text: "👍🏭[微笑]" }],
  ["other", "未知类型", { kind: "sticker" }],
];
const KNOBS = {
  tries: "回调次数", interval: "回调时限（秒）", duplicates: "重复推送（份）", latency: "接口延迟（秒）", job_delay: "任务事件延迟（秒）",
  mass_status: "群发结果", mass_errors: "群发失败人数", template_status: "模板结果", publish_status: "发布结果", voice_recognition: "语音识别文字",
  ip_listed: "IP 在白名单", admin_guard: "群发需管理员确认", mark_fail: "失败过多停推", push_jobs: "推送任务事件",
};
let current = localStorage.getItem("follower") || "";
let filter = "";
let started = "";

const NAME = $("title").textContent;

function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, call] of Object.entries(value)) node.addEventListener(event, call);
    else if (name.startsWith("data-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const ICONS = new Set(["image", "voice", "location", "link", "video", "shortvideo"]);

function icon(name) {
  const SVG = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  drawing.setAttribute("class", "icon");
  drawing.append(use);
  return drawing;
}

async function call(path, body, method = "POST") {
  const answer = await fetch(path, { method, headers: { "Content-Type": "application/json" }, body: method === "POST" ? JSON.stringify(body || {}) : undefined });
  return answer.json();
}

// A tap may come before the page knows whose phone it is.
let known;
const somebody = new Promise((resolve) => { known = resolve; });

async function act(what, body = {}) {
  await somebody;
  return call(`/sim/followers/${current}/${what}`, { ...body, wait: false });
}

// ---- people

async function addPerson() {
  const count = document.querySelectorAll(".person[data-openid]").length;
  const made = await call("/sim/followers", { name: NAMES[count % NAMES.length] });
  choose(made.openid);
}

function choose(openid) {
  current = openid;
  localStorage.setItem("follower", openid);
  seen.chat = 0;
  seen.version = -1;
  lastDay = 0;
  $("chat").replaceChildren();
  interrupt();
}

function showPeople(people) {
  if (people.length && !people.some((person) => person.openid === current)) choose(people[people.length - 1].openid);
  const chips = people.map((person) => el("button", {
    class: `person${person.openid === current ? " on" : ""}${person.following ? "" : " gone"}`, "data-openid": person.openid,
    "data-testid": `follower-${person.openid}`, title: person.openid, on: { click: () => choose(person.openid) },
  }, el("i", {}, person.name.slice(0, 1)), person.name));
  chips.push(el("button", { class: "person", "data-testid": "add-follower", on: { click: addPerson } }, "＋ 新粉丝"));
  $("people").replaceChildren(...chips);
}

function showFollower(follower) {
  const following = Boolean(follower && follower.following);
  for (const id of ["chat", "composer", "leave"]) $(id).hidden = !following;
  $("profile").hidden = following;
  if (!following) { $("samples").hidden = true; $("menu").hidden = true; }
  $("title").textContent = follower && follower.typing ? "对方正在输入…" : NAME;
  $("scan").hidden = !following;
  for (const button of document.querySelectorAll("[data-flag]")) button.classList.toggle("on", Boolean(follower && follower.flags.includes(button.dataset.flag)));
  const open = follower ? Object.entries(follower.windows) : [];
  $("window").textContent = following ? (open.length ? `客服消息余 ${open.map(([, w]) => w.left).join("+")} 条` : "客服窗口已关闭") : "";
}

// ---- chat

let lastDay = 0;

function showChat(entries) {
  const chat = $("chat");
  const atEnd = chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80 || seen.chat === 0;
  for (const entry of entries) {
    if (entry.id <= seen.chat) continue;
    seen.chat = entry.id;
    const at = Date.parse(entry.at);
    if (Math.abs(at - lastDay) > 300000) chat.append(el("time", {}, new Date(at).toLocaleString("zh-CN", { ...ZONE, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" })));
    lastDay = at;
    chat.append(bubble(entry));
  }
  if (entries.length && atEnd) chat.scrollTop = chat.scrollHeight;
}

function bubble(entry) {
  if (entry.via === "event") return el("div", { class: "notice", "data-testid": "event" }, `${EVENTS[entry.kind] || entry.kind}${entry.text ? `：${entry.text.replace("qrscene_", "")}` : ""}`);
  if (entry.by === "platform") return el("div", { class: "notice failure", "data-testid": "notice", title: entry.text }, "该公众号提供的服务出现故障，请稍后再试");
  const mine = entry.by === "follower";
  const body = content(entry);
  const wide = ["news", "template"].includes(entry.kind);
  const label = VIA[entry.via] && !wide ? el("span", { class: "via" }, VIA[entry.via]) : null;
  const face = wide ? null : el("span", { class: "face", "aria-hidden": "true" }, mine ? "我" : "园");
  return el("div", { class: `message${mine ? " mine" : ""}${wide ? " wide" : ""}`, "data-testid": "message", "data-kind": entry.kind, "data-by": entry.by, "data-via": entry.via }, face, body, label);
}

function content(entry) {
  switch (entry.kind) {
    case "text": return el("div", { class: "bubble" }, ...richText(entry.text));
    case "news": return cards(entry);
    case "template": return template(entry);
    case "msgmenu": return menuMessage(entry);
    case "image": return entry.src ? el("img", { class: "photo", src: entry.src, alt: "图片" }) : el("div", { class: "photo" }, icon("factory"));
    case "transfer_customer_service": return el("div", { class: "bubble" }, "（已转人工客服）");
    default: return sample(entry);
  }
}

function sample(entry) {
  const names = { voice: "语音 8″", video: "视频", shortvideo: "小视频", location: "位置", link: entry.title || "链接", music: entry.title || "音乐" };
  const name = names[entry.kind] || entry.kind;
  return el("div", { class: "bubble sample" }, icon(ICONS.has(entry.kind) ? entry.kind : "other"), el("span", {}, name, el("small", {}, entry.text || entry.description || "")));
}

// Text with links: http links open, bizmsgmenu links make the follower say something, other tags are shown as they are.
function richText(text) {
  const out = [];
  let from = 0;
  for (const found of text.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)) {
    out.push(...plainText(text.slice(from, found.index)));
    const href = (/href\s*=\s*["']([^"']*)["']/i.exec(found[1]) || [])[1] || "";
    out.push(link(decodeEntities(href), decodeEntities(found[2])));
    from = found.index + found[0].length;
  }
  out.push(...plainText(text.slice(from)));
  return out;
}

function plainText(text) {
  return text.split(/(https?:\/\/[\w\-.~:/?#@!$&*+;=%]+)/).map((part, index) => (index % 2 ? link(part, part) : part));
}

function decodeEntities(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");
}

function link(href, label) {
  if (href.startsWith("weixin://bizmsgmenu")) {
    const query = new URLSearchParams(href.slice(href.indexOf("?") + 1));
    return say(label, query.get("msgmenucontent") || label, query.get("msgmenuid") || "");
  }
  if (!/^https?:\/\//i.test(href)) return label;
  return el("a", { href: local(href), target: "_blank", rel: "noopener noreferrer", "data-testid": "link" }, label);
}

const say = (label, text, id) => el("button", { class: "say", "data-testid": "say", type: "button", on: { click: () => act("send", { kind: "text", text, menu_id: id }) } }, label);
const local = (url) => url.replace(/^https?:\/\/mp\.weixin\.qq\.com\/s\//, "/s/");
const picture = (url) => {
  const ours = /mmbiz\.qpic\.cn\/[^/]+\/((?:PERM|BODY)_[^/]+)\//.exec(url);
  return ours ? `/picture/${ours[1]}` : url;
};

function cards(entry) {
  const items = entry.articles.map((article, index) => index === 0
    ? el("a", { class: "card", href: local(article.url) || "#", target: "_blank", rel: "noopener noreferrer", "data-testid": "card" },
      article.picture ? cover(article.picture) : null, el("h4", {}, article.title), el("p", {}, article.description || ""))
    : el("a", { class: "card next", href: local(article.url) || "#", target: "_blank", rel: "noopener noreferrer", "data-testid": "card" }, el("h4", {}, article.title)));
  const label = VIA[entry.via] ? el("div", { class: "label" }, VIA[entry.via]) : null;
  return el("div", { class: "cards" }, ...items, label);
}

function cover(url) {
  const image = el("img", { class: "cover", src: picture(url), alt: "", loading: "lazy" });
  image.addEventListener("error", () => image.removeAttribute("src"));
  return image;
}

function template(entry) {
  const rows = entry.fields.flatMap((field) => [el("dt", {}, field.name), el("dd", {}, field.value)]);
  return el("div", { class: "template" }, el("h4", {}, entry.title || VIA[entry.via]), el("dl", {}, ...rows),
    entry.url ? el("a", { href: local(entry.url), target: "_blank", rel: "noopener noreferrer", "data-testid": "link" }, "查看详情") : null);
}

function menuMessage(entry) {
  const options = entry.options.flatMap((option) => ["\n", say(option.content, option.content, option.id)]);
  return el("div", { class: "bubble" }, ...richText(entry.head || ""), ...options, entry.tail ? "\n" : null, ...richText(entry.tail || ""));
}

// ---- menu

let menuShown = "";

function showMenu(buttons, following) {
  const text = JSON.stringify(buttons);
  $("menu").hidden = !buttons.length || !following;
  if (text === menuShown) return;
  menuShown = text;
  $("menu").replaceChildren(...buttons.map((button, index) => topButton(button, index)));
}

function topButton(button, index) {
  const subs = button.sub_button || [];
  if (!subs.length) return el("div", {}, el("button", { "data-testid": `menu-${index}`, on: { click: () => tapMenu(button) } }, button.name));
  const list = el("div", { class: "sub", hidden: true }, ...subs.map((sub, at) => el("button", {
    "data-testid": `menu-${index}-${at}`, on: { click: () => { list.hidden = true; tapMenu(sub); } },
  }, sub.name)));
  const open = () => { const hidden = list.hidden; closeMenus(); list.hidden = !hidden; };
  return el("div", {}, list, el("button", { "data-testid": `menu-${index}`, on: { click: open } }, `≡ ${button.name}`));
}

const closeMenus = () => document.querySelectorAll(".menu .sub").forEach((list) => { list.hidden = true; });

function tapMenu(button) {
  switch (button.type) {
    case "view":
      window.open(local(button.url), "_blank", "noopener");
      return act("event", { event: "VIEW", EventKey: button.url });
    case "miniprogram": return act("event", { event: "view_miniprogram", EventKey: button.pagepath });
    case "click": return act("event", { event: "CLICK", EventKey: button.key });
    default: return act("event", { event: button.type, EventKey: button.key || "" });
  }
}

// ---- staff and wire

function showStaff(messages) {
  if (!messages.length) return;
  const box = $("staff");
  const first = seen.staff === 0;
  if (first) box.replaceChildren();
  for (const message of messages) {
    if (message.id <= seen.staff) continue;
    seen.staff = message.id;
    box.append(note(message));
  }
  box.scrollTop = box.scrollHeight;
  $("staff-count").textContent = `${box.children.length} 条`;
  if (!first && document.body.dataset.tab !== "staff") $("staff-badge").hidden = false;
}

function note(message) {
  const text = el("div", { class: "text" });
  for (const line of message.text.split("\n")) {
    if (message.kind === "text") {
      text.append(el("div", {}, ...linked(line)));
      continue;
    }
    const quoted = line.startsWith(">");
    text.append(el(quoted ? "blockquote" : "div", {}, ...markdown(line.replace(/^>\s?/, "").replace(/^#+\s*/, ""))));
  }
  return el("div", { class: "note fresh", "data-testid": "staff-message", "data-channel": message.channel },
    el("header", {}, el("span", { class: `channel ${message.channel}` }, CHANNELS[message.channel] || message.channel), el("span", {}, new Date(message.at).toLocaleTimeString("zh-CN", ZONE))),
    message.title ? el("h4", {}, message.title) : null, text);
}

// A plain text knows no markup: a masked 138****5678 keeps its stars.
function linked(line) {
  return line.split(/(https?:\/\/\S+)/).map((part, at) =>
    at % 2 ? el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part) : part);
}

function markdown(line) {
  return line.replace(/<\/?font[^>]*>/g, "").split(/(\*\*[^*]+\*\*|\[[^\]]+\]\([^)]+\)|<at\b[^>]*>.*?<\/at>)/).map((part) => {
    const bold = /^\*\*(.+)\*\*$/.exec(part);
    const target = /^\[(.+)\]\((.+)\)$/.exec(part);
    if (bold) return el("b", {}, bold[1]);
    if (target && /^https?:/.test(target[2])) return el("a", { href: target[2], target: "_blank", rel: "noopener noreferrer" }, target[1]);
    return part;
  });
}

function showWire(rows) {
  if (!rows.length) return;
  const box = $("wire");
  if (seen.wire === 0) box.replaceChildren();
  for (const row of rows) {
    if (row.id <= seen.wire) continue;
    seen.wire = row.id;
    box.prepend(wireRow(row));
  }
  while (box.children.length > 400) box.lastElementChild.remove();
}

function wireRow(row) {
  const problems = row.detail.problems || [];
  const bad = problems.length > 0 || (row.kind === "callback" ? row.code !== "200" : row.code !== "0");
  const arrow = { callback: "→", api: "←", robot: "✉" }[row.kind];
  const what = row.kind === "callback" ? `${row.detail.what || ""} ${row.detail.gist || ""}` : `${row.method} ${row.path}`;
  const line = el("summary", {}, el("span", { class: "time" }, new Date(row.at).toLocaleTimeString("zh-CN", ZONE)), el("span", {}, arrow), el("span", { class: "what", title: row.path }, what),
    el("span", { class: `code${bad ? " bad" : ""}` }, row.code), el("span", { class: "ms" }, `${row.ms} ms`));
  const box = el("details", { "data-testid": "wire-row", "data-kind": row.kind, "data-code": row.code, "data-path": row.path, hidden: Boolean(filter) && filter !== row.kind }, line);
  box.addEventListener("toggle", () => { if (box.open && box.children.length === 1) box.append(...bodies(row)); });
  return box;
}

const bodies = (row) => [
  ...(row.detail.problems && row.detail.problems.length ? [el("h5", { class: "problems" }, row.detail.problems.join("; "))] : []),
  el("h5", {}, `${row.path}?${new URLSearchParams(row.detail.query || {})}`), el("pre", {}, pretty(row.request) || "—"),
  el("h5", {}, "回应"), el("pre", {}, pretty(row.response) || "（空）"),
];

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// ---- knobs

function showSettings(settings) {
  $("settings").replaceChildren(...Object.entries(KNOBS).map(([name, label]) => {
    const value = settings[name];
    const flag = typeof value === "boolean";
    const input = el("input", flag ? { type: "checkbox", checked: value } : { type: typeof value === "number" ? "number" : "text", value });
    input.step = "any";
    input.dataset.testid = `knob-${name}`;
    input.addEventListener("change", () => put("/sim/knobs", { [name]: flag ? input.checked : typeof value === "number" ? Number(input.value) : input.value }));
    return el("label", { class: flag ? "flag" : "" }, ...(flag ? [input, label] : [label, input]));
  }));
}

function showFaults(faults) {
  const waiting = faults.filter((fault) => !fault.times || fault.used < fault.times);
  $("faults").replaceChildren(...waiting.map((fault) => el("li", { "data-testid": "fault" },
    el("span", {}, `${fault.kind}${["error", "http"].includes(fault.kind) ? ` ${fault.code}` : ""} · ${fault.path} · ${fault.times ? `剩 ${fault.times - fault.used} 次` : "一直"}`),
    el("button", { class: "tiny", on: { click: async () => { await call(`/sim/faults/${fault.id}`, null, "DELETE"); loadKnobs(); } } }, "去掉"))));
}

async function loadKnobs() {
  const knobs = await (await fetch("/sim/knobs")).json();
  showSettings(knobs.settings);
  showFaults(knobs.faults);
}

async function put(path, body) {
  const answer = await call(path, body);
  $("said").textContent = answer.ok ? "好了" : answer.error;
  setTimeout(() => { $("said").textContent = ""; }, 1500);
  if (path === "/sim/reset") location.reload();
  loadKnobs();
}

// ---- QR codes and drafts

let codesShown = "";

function showCodes(codes) {
  const text = JSON.stringify(codes);
  if (text === codesShown) return;
  codesShown = text;
  $("codes").replaceChildren(...codes.map((code) => el("button", {
    type: "button", "data-testid": "code", on: { click: () => scanned({ ticket: code.ticket }) },
  }, el("img", { src: `/cgi-bin/showqrcode?ticket=${encodeURIComponent(code.ticket)}`, alt: "" }), code.scene)));
}

function scanned(body) {
  $("sheet").hidden = true;
  return act("scan", body);
}

function showDrafts(drafts) {
  $("drafts").replaceChildren(...drafts.map((draft) => el("li", { "data-testid": "draft" },
    el("a", { href: draft.url, target: "_blank", rel: "noopener" }, draft.titles.join(" / ")),
    el("button", { class: "tiny", on: { click: () => put(`/sim/drafts/${draft.media_id}/send`, {}) } }, "群发"))));
}

const consent = (word) => act("event", word === "accept"
  ? { event: "subscribe_msg_popup_event", SubscribeMsgPopupEvent: { List: [{ TemplateId: $("consent").value, SubscribeStatusString: word, PopupScene: 2 }] } }
  : { event: "subscribe_msg_change_event", SubscribeMsgChangeEvent: { List: [{ TemplateId: $("consent").value, SubscribeStatusString: word }] } });

// ---- the long poll

let poll = null;

function interrupt() {
  if (poll) poll.abort();
}

async function update() {
  poll = new AbortController();
  const query = new URLSearchParams({ version: seen.version, wait: 20, follower: current, chat: seen.chat, staff: seen.staff, wire: seen.wire });
  const asked = current;
  try {
    const news = await (await fetch(`/sim/updates?${query}`, { signal: poll.signal })).json();
    if (asked !== current) return 0;
    if (started && started !== news.started) location.reload();
    started = news.started;
    seen.version = news.version;
    draw(news);
    return 120;
  } catch (error) {
    return error.name === "AbortError" ? 0 : 1500;
  }
}

function draw(news) {
  showPeople(news.followers);
  showFollower(news.follower);
  showMenu(news.menu, Boolean(news.follower && news.follower.following));
  showChat(news.chat);
  showStaff(news.staff);
  showWire(news.wire);
  showCodes(news.codes);
  showDrafts(news.drafts);
  const good = news.url_check === "ok";
  $("check").className = `chip ${good ? "good" : "bad"}`;
  $("check").textContent = good ? "回调正常" : "回调不通";
  $("check").title = news.url_check;
  $("clock").textContent = new Date(news.now).toLocaleString("zh-CN", ZONE) + (news.offset ? "（已拨动）" : "");
}

async function run() {
  for (;;) {
    const pause = await update();
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

// ---- wiring

$("follow").addEventListener("click", () => act("follow"));
$("leave").addEventListener("click", () => act("unfollow"));
for (const id of ["scan", "scan-profile"]) $(id).addEventListener("click", () => { $("sheet").hidden = false; });
$("close-sheet").addEventListener("click", () => { $("sheet").hidden = true; });
$("sheet").addEventListener("click", (event) => { if (event.target === $("sheet")) $("sheet").hidden = true; });
$("scan-form").addEventListener("submit", (event) => { event.preventDefault(); scanned({ scene: $("scene").value.trim() || "expo2026" }); });
$("consent-yes").addEventListener("click", () => consent("accept"));
$("consent-no").addEventListener("click", () => consent("reject"));
$("more").addEventListener("click", () => { $("samples").hidden = !$("samples").hidden; });
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("input").value;
  if (!text.trim()) return;
  $("input").value = "";
  act("send", { kind: "text", text });
});
$("samples").append(...SAMPLES.map(([picture, name, body]) => el("button", {
  type: "button", "data-testid": `sample-${body.kind}`, on: { click: () => { $("samples").hidden = true; act("send", body); } },
}, icon(picture), name)));
document.addEventListener("click", (event) => { if (!event.target.closest(".menu")) closeMenus(); });
document.querySelectorAll(".tabs button").forEach((button) => button.addEventListener("click", () => {
  document.body.dataset.tab = button.dataset.tab;
  if (button.dataset.tab === "staff") $("staff-badge").hidden = true;
  $("chat").scrollTop = $("chat").scrollHeight;
}));
$("filters").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  filter = button.dataset.kind;
  document.querySelectorAll("#filters button").forEach((each) => each.classList.toggle("on", each === button));
  document.querySelectorAll("#wire details").forEach((row) => { row.hidden = Boolean(filter) && filter !== row.dataset.kind; });
});
$("open-knobs").addEventListener("click", () => { loadKnobs(); $("knobs").showModal(); });
$("knobs").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (event.target === $("knobs")) return $("knobs").close();
  if (!button) return undefined;
  if (button.dataset.fault) {
    const fault = { path: $("fault-path").value || "*", times: Number($("fault-times").value), ...JSON.parse(button.dataset.fault) };
    if (fault.kind === "error" && fault.code === undefined) fault.code = Number($("fault-code").value);
    return put("/sim/faults", fault);
  }
  if (button.dataset.flag) return put(`/sim/followers/${current}/flags`, { [button.dataset.flag]: !button.classList.contains("on") }).then(interrupt);
  if (button.dataset.post) return put(button.dataset.post, JSON.parse(button.dataset.body || "{}"));
  if ("clearFaults" in button.dataset) return call("/sim/faults", null, "DELETE").then(loadKnobs);
  return undefined;
});

(async () => {
  const { followers } = await (await fetch("/sim/updates")).json();
  if (!followers.length) await addPerson();
  else if (!followers.some((one) => one.openid === current)) choose(followers[followers.length - 1].openid);
  known();
  run();
})();
