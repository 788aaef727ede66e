// SPDX-License-Identifier: MIT

#include "http/server/inspect_page.hpp"

#include <cstddef>

namespace tendril::http::detail {

namespace {

// NONCE is replaced.
constexpr std::string_view inspect_html = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>tendril top</title>
<link rel="icon" href="data:,">
<style nonce="NONCE">
  :root { --page: #f6f8f7; --card: #fff; --text: #17211c; --dim: #56645d; --line: #d5ddd9; --green: #1d7f4e;
          --alarm: #b3261e; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #101613; --card: #18211d; --text: #e4ece8; --dim: #93a39b; --line: #2c3933; --green: #4cc38a;
            --alarm: #ff8a80; }
  }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 1rem; max-width: 90rem; background: var(--page); color: var(--text);
         font: .9375rem/1.4 system-ui, sans-serif; }
  header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
  h1 { margin: 0; font-size: 1.375rem; }
  header p { margin: 0; color: var(--dim); overflow-wrap: anywhere; }
  #state.away { color: var(--alarm); }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .5rem; margin: .75rem 0; }
  dl div, .hub { padding: .5rem .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
  dt, small { color: var(--dim); font-size: .8125rem; }
  dd { margin: 0; font-size: 1.375rem; font-weight: 600; font-variant-numeric: tabular-nums; }
  #hubs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: .5rem; }
  .hub h2 { margin: 0 0 .25rem; font-size: .9375rem; }
  .hub.away h2 { color: var(--alarm); }
  .bars { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
  .bars svg { width: 100%; height: 3rem; border-bottom: 1px solid var(--line); }
  .bars rect { fill: var(--green); }
  nav { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem; margin: .75rem 0 .25rem; }
  button, input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
                  border-radius: .375rem; padding: .25rem .625rem; }
  button[aria-pressed=true] { border-color: var(--green); color: var(--green); }
  input { flex: 1 1 12rem; }
  .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
  table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
  th, td { padding: .1875rem .625rem; text-align: left; white-space: nowrap; }
  th { position: sticky; top: 0; background: var(--card); border-bottom: 1px solid var(--line); font-size: .8125rem; }
  th button { border: 0; padding: 0; background: none; font-weight: 600; cursor: pointer; }
  th[aria-sort] button { color: var(--green); }
  .number { text-align: right; }
  tbody tr:hover, tbody tr:focus { background: var(--page); outline: none; }
  tbody tr[tabindex] { cursor: pointer; }
  dialog { max-width: min(95vw, 70rem); border: 1px solid var(--line); border-radius: .5rem; background: var(--card);
           color: inherit; }
  dialog pre { overflow: auto; max-height: 60vh; font-size: .8125rem; }
</style>
<header>
  <h1>tendril top</h1>
  <p id="state" role="status">connecting</p>
  <p id="process"></p>
</header>
<dl>
  <div><dt>green threads</dt><dd id="greenlets">0</dd></div>
  <div><dt>requests/s</dt><dd id="rate">–</dd></div>
  <div><dt>connections</dt><dd id="connections">0</dd></div>
  <div><dt>processor</dt><dd id="cpu">–</dd></div>
  <div><dt>memory</dt><dd id="memory">0</dd></div>
  <div><dt>descriptors</dt><dd id="descriptors">0</dd></div>
  <div><dt>longest stretch of late</dt><dd id="stretch">–</dd></div>
</dl>
<div id="hubs"></div>
<nav aria-label="tables">
  <span id="tabs"></span>
  <input id="filter" type="search" placeholder="filter: name, call, place, state or id" aria-label="filter">
  <button id="pause" aria-pressed="false">pause</button>
  <small id="found"></small>
</nav>
<div class="scroll"><table><thead><tr id="head"></tr></thead><tbody id="rows"></tbody></table></div>
<dialog id="dialog" aria-labelledby="title"><h2 id="title"></h2><p id="about"></p><pre id="frames"></pre>
  <form method="dialog"><button>close</button></form></dialog>
<script nonce="NONCE">
  "use strict";
  const at = id => document.getElementById(id);
  const show = (id, text) => { at(id).textContent = text; };
  const grouped = n => Math.round(n).toLocaleString("en");
  const bytes = n => {
    let unit = 0;
    for (; n >= 1024 && unit < 4; ++unit) n /= 1024;
    return n.toFixed(unit === 0 || n >= 100 ? 0 : 1) + " " + ["B", "KiB", "MiB", "GiB", "TiB"][unit];
  };
  const time = s => {
    if (s < 60) {
      const [factor, unit] = s < 1e-6 ? [1e9, "ns"] : s < 1e-3 ? [1e6, "µs"] : s < 1 ? [1e3, "ms"] : [1, "s"];
      return (s * factor).toFixed(s * factor < 10 && factor < 1e9 ? 1 : 0) + " " + unit;
    }
    const two = n => String(Math.floor(n)).padStart(2, "0");
    if (s < 3600) return Math.floor(s / 60) + ":" + two(s % 60);
    if (s < 86400) return Math.floor(s / 3600) + ":" + two(s / 60 % 60) + ":" + two(s % 60);
    return Math.floor(s / 86400) + " d " + Math.floor(s / 3600 % 24) + " h";
  };
  const place = x => x.file ? x.file.slice(x.file.lastIndexOf("/") + 1) + ":" + x.line : "";
  const does = g => (g.state === "waits" ? g.waits_in : g.state) +
    ("descriptor" in g ? (g.writes ? " (write " : " (read ") + g.descriptor + ")" : "");
  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // A column: title, text of a row, whether it is a number, the order that it sorts by.
  const tables = {
    "green threads": {
      of: all => all.greenlets, open: g => g.id, columns: [
        ["id", g => g.id, true, "id"], ["hub", g => g.hub, true], ["waits in", does, false, "call"],
        ["for", g => "waited" in g ? time(g.waited) : "", true, "waited"],
        ["due in", g => "due" in g ? time(g.due) : "", true],
        ["stack", g => bytes(g.stack_used), true, "stack"],
        ["name", g => g.name || (g.kind === "spawned" ? "" : "(" + g.kind + ")"), false, "name"],
        ["spawned at", place]]},
    "groups": {
      of: all => all.groups, filter: place, columns: [
        ["count", g => grouped(g.count), true], ["wait in", does], ["longest", g => time(g.longest), true],
        ["stacks", g => bytes(g.stack_used), true], ["spawned at", place]]},
    "descriptors": {
      of: all => all.descriptors, open: d => d.reader || d.writer, columns: [
        ["fd", d => d.fd, true], ["hub", d => d.hub, true], ["reader", d => d.reader || "", true],
        ["writer", d => d.writer || "", true], ["watchers", d => d.watchers, true],
        ["whose", d => d.owned ? "a socket of the library" : "the program's"]]},
    "watchers": {
      of: all => all.watchers, columns: [
        ["kind", w => w.kind], ["hub", w => w.hub, true], ["watches", w => w.detail],
        ["", w => w.pending ? "due" : w.keeps_alive ? "keeps alive" : ""], ["made at", place]]},
    "metrics": {
      of: all => all.metrics, columns: [
        ["value", m => grouped(m.value), true], ["per second", m => m.rate === undefined ? "" : grouped(m.rate), true],
        ["metric", title]]}};
  function title(m) {
    const labels = Object.entries(m.labels).map(([name, value]) => name + '="' + value + '"');
    return m.name + (labels.length ? "{" + labels.join(",") + "}" : "");
  }

  let tab = "green threads", order = "waited", reverse = false, paused = false, opened = 0, last = null, shown = null;

  function drawTabs() {
    at("tabs").replaceChildren(...Object.keys(tables).map(name => {
      const button = element("button", name);
      button.setAttribute("aria-pressed", name === tab);
      button.onclick = () => { tab = name; draw(); };
      return button;
    }));
  }

  function drawTable(all) {
    const table = tables[tab];
    at("head").replaceChildren(...table.columns.map(([name, , number, sorts]) => {
      const head = element("th", sorts ? undefined : name, number ? "number" : "");
      if (sorts) {
        const button = head.appendChild(element("button", name));
        button.onclick = () => {
          reverse = order === sorts && !reverse;
          order = sorts;
          ask();
        };
        if (order === sorts) head.setAttribute("aria-sort", reverse ? "descending" : "ascending");
      }
      return head;
    }));
    at("rows").replaceChildren(...table.of(all).slice(0, 1000).map(item => {
      const row = element("tr");
      row.append(...table.columns.map(([, text, number]) => element("td", text(item), number ? "number" : "")));
      const id = table.open ? table.open(item) : 0;
      const only = table.filter ? table.filter(item) : "";
      if (id || only) {
        row.tabIndex = 0;
        row.onclick = () => {
          if (id) {
            opened = id;
          } else {
            at("filter").value = only;
            tab = "green threads";
          }
          ask();
        };
        row.onkeydown = event => { if (event.key === "Enter") row.onclick(); };
      }
      return row;
    }));
  }

  function since(now, before) {
    return now.counts.map((n, i) => Math.max(0, n - (before ? before.counts[i] : 0)));
  }
  function quantile(counts, share) {
    const sum = counts.reduce((a, b) => a + b, 0);
    let below = 0;
    for (let i = 0; i < counts.length; ++i) {
      below += counts[i];
      if (sum && below >= share * sum) return time(1e-6 * 2 ** i);
    }
    return "–";
  }
  function bars(name, counts) {
    const box = element("div");
    box.append(element("small", name + ": half " + quantile(counts, 0.5) + ", 99 % " + quantile(counts, 0.99)));
    const space = "http://www.w3.org/2000/svg";
    const svg = box.appendChild(document.createElementNS(space, "svg"));
    svg.setAttribute("viewBox", "0 0 " + counts.length + " 100");
    svg.setAttribute("preserveAspectRatio", "none");
    const most = Math.max(1, ...counts);
    counts.forEach((n, i) => {
      const height = n ? Math.max(2, 96 * Math.log1p(n) / Math.log1p(most)) : 0;
      const rect = svg.appendChild(document.createElementNS(space, "rect"));
      for (const [key, value] of [["x", i + .1], ["width", .8], ["y", 100 - height], ["height", height]]) {
        rect.setAttribute(key, value);
      }
      rect.appendChild(document.createElementNS(space, "title")).textContent =
        (i + 1 < counts.length ? "up to " + time(1e-6 * 2 ** i) : "longer") + ": " + grouped(n);
    });
    return box;
  }
  function drawHubs(all, before) {
    at("hubs").replaceChildren(...all.hubs.slice(0, 16).map(hub => {
      const box = element("div", undefined, hub.answered ? "hub" : "hub away");
      if (!hub.answered) {
        box.append(element("h2", "hub " + hub.os_thread + " does not answer: a green thread computes"));
        return box;
      }
      const old = before && before.hubs.find(each => each.os_thread === hub.os_thread && each.answered);
      box.append(element("h2", "hub " + hub.os_thread + " · " + hub.backend));
      box.append(element("small", grouped(hub.greenlets) + " green threads, " + grouped(hub.ready) + " ready, " +
        grouped(hub.waiting_for_io) + " wait for I/O, " + grouped(hub.timers) + " timers"));
      const both = box.appendChild(element("div", undefined, "bars"));
      for (const [name, key] of [["delay in the run queue", "run_queue_delay"],
                                 ["stretches without a yield", "stretches"]]) {
        both.append(bars(name, since(hub.scheduling[key], old && old.scheduling[key])));
      }
      return box;
    }));
  }

  function drawCards(all, before) {
    const p = all.process, span = before ? p.now - before.process.now : 0;
    show("process", "process " + p.pid + " · up " + time(p.uptime) + " · " + p.command);
    show("greenlets", grouped(all.hubs.reduce((sum, hub) => sum + (hub.greenlets || 0), 0)));
    show("memory", bytes(p.resident_bytes));
    show("descriptors", grouped(p.open_descriptors));
    const recent = all.hubs.map(hub => hub.scheduling ? hub.scheduling.recent : null)
      .filter(each => each && each.took).sort((a, b) => b.took - a.took)[0];
    show("stretch", recent ? time(recent.took) : "–");
    at("stretch").title = recent ? "green thread " + recent.greenlet + " " + place(recent) : "";
    let connections = 0, requests = 0;
    const old = new Map(before ? before.metrics.map(m => [title(m), m.value]) : []);
    for (const m of all.metrics) {
      if (m.kind === "counter" && old.has(title(m)) && span > 0) m.rate = (m.value - old.get(title(m))) / span;
      if (m.name === "tendril_http_connections_open") connections += m.value;
      if (m.name === "tendril_http_requests_total") requests += m.rate || 0;
    }
    show("connections", grouped(connections));
    if (span > 0) {
      show("cpu", grouped(100 * (p.cpu_seconds - before.process.cpu_seconds) / span) + " %");
      show("rate", grouped(requests));
    }
    show("found", grouped(all.greenlets_found) + " of " + grouped(all.greenlets_total));
  }

  function drawOpened(all) {
    const g = all.greenlets.find(each => each.id === opened);
    show("title", "green thread " + opened + (g ? " " + g.name : ""));
    show("about", !g ? "it has ended" : does(g) + ("waited" in g ? " for " + time(g.waited) : "") + "; spawned at " +
      place(g) + " by " + g.spawner + "; stack " + bytes(g.stack_used) + " of " + bytes(g.stack_size));
    show("frames", !g ? "" : g.backtrace && g.backtrace.length ?
      g.backtrace.map((line, i) => "#" + i + " " + line).join("\n") : "no backtrace: it runs, or has not begun");
    if (!at("dialog").open) at("dialog").showModal();
  }

  function draw() {
    drawTabs();
    if (!shown) return;
    drawTable(shown);
    if (opened) drawOpened(shown);
  }

  let asking = false, again = false;
  async function ask() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    const query = new URLSearchParams({order, most: 1000, filter: at("filter").value, greenlet: opened});
    if (reverse) query.set("reverse", 1);
    try {
      const answer = await fetch("snapshot.json?" + query, {cache: "no-store"});
      if (!answer.ok) throw new Error(answer.status + " " + await answer.text());
      shown = await answer.json();
      drawCards(shown, last);
      drawHubs(shown, last);
      draw();
      last = shown;
      show("state", "live");
      at("state").className = "";
    } catch (error) {
      show("state", "the process is away: " + error.message);
      at("state").className = "away";
    }
    asking = false;
    if (again) {
      again = false;
      ask();
    }
  }

  at("filter").oninput = ask;
  at("dialog").onclose = () => { opened = 0; };
  at("pause").onclick = () => {
    paused = !paused;
    at("pause").setAttribute("aria-pressed", paused);
  };
  setInterval(() => { if (!paused && !document.hidden) ask(); }, 1000);
  drawTabs();
  ask();
</script>
</html>
)html";

}  // namespace

std::string inspect_page(std::string_view nonce) {
    constexpr std::string_view place = "NONCE";
    std::string text;
    std::string_view rest = inspect_html;
    for (std::size_t at = 0; (at = rest.find(place)) != std::string_view::npos; rest.remove_prefix(at + place.size())) {
        text.append(rest.substr(0, at)).append(nonce);
    }
    return text.append(rest);
}

std::string inspect_policy(std::string_view nonce) {
    const std::string word = "'nonce-" + std::string(nonce) + "'";
    return "default-src 'none'; script-src " + word + "; style-src " + word +
           "; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

}  // namespace tendril::http::detail
