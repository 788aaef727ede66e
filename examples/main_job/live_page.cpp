// SPDX-License-Identifier: MIT

#include "live_page.hpp"

#include <cstdio>
#include <random>
#include <string>
#include <string_view>

namespace demo {

namespace {

// NONCE is replaced by a random word, so that a browser uses only the style and the script below.
constexpr std::string_view live_page = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>tendril</title>
<link rel="icon" href="data:,">
<style nonce="NONCE">
  :root { --page: #f6f8f7; --card: #fff; --text: #17211c; --dim: #56645d; --line: #d5ddd9; --green: #1d7f4e; }
  @media (prefers-color-scheme: dark) {
    :root { --page: #101613; --card: #18211d; --text: #e4ece8; --dim: #93a39b; --line: #2c3933; --green: #4cc38a; }
  }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 1.25rem; max-width: 72rem; background: var(--page); color: var(--text);
         font: 1rem/1.4 system-ui, sans-serif; }
  header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 1rem; }
  h1 { margin: 0; font-size: 1.5rem; }
  h2 { margin: 0 0 .75rem; font-size: 1rem; font-weight: 600; }
  h2 small, header p, dt, footer { color: var(--dim); font-size: .875rem; font-weight: 400; }
  header p { margin: 0; }
  #state::before { content: "\25cf\a0"; color: var(--line); }
  #state.live::before { color: var(--green); }
  dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.25rem, 1fr)); gap: .75rem;
       margin: 1rem 0 .75rem; }
  dl div, section { padding: .875rem 1rem; background: var(--card); border: 1px solid var(--line);
                    border-radius: .5rem; }
  dd { margin: 0; font-size: 1.625rem; font-weight: 600; font-variant-numeric: tabular-nums; }
  main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: .75rem; }
  section { display: flex; flex-direction: column; min-width: 0; }
  svg { width: 100%; height: 10rem; flex: 1 0 auto; overflow: visible; border-bottom: 1px solid var(--line); }
  polyline { fill: none; stroke: var(--green); stroke-width: 2; vector-effect: non-scaling-stroke; }
  ol { list-style: none; margin: 0; padding: 0; font-size: .8125rem; font-variant-numeric: tabular-nums; }
  li { display: grid; grid-template-columns: 4rem 1fr 5.5rem; gap: .5rem; align-items: center; }
  li span { color: var(--dim); text-align: right; white-space: nowrap; }
  i { height: .75rem; width: 0; border-radius: 0 .2rem .2rem 0; background: var(--green); }
  a { color: var(--green); }
  footer { margin-top: .75rem; }
</style>
<header>
  <h1>tendril</h1>
  <p id="state" role="status">connecting</p>
</header>
<dl>
  <div><dt>green threads</dt><dd id="greenlets">0</dd></div>
  <div><dt>open connections</dt><dd id="connections">0</dd></div>
  <div><dt>requests/s</dt><dd id="rate">0</dd></div>
  <div><dt>requests</dt><dd id="requests">0</dd></div>
  <div><dt>resident memory</dt><dd id="memory">0</dd></div>
  <div><dt>up for</dt><dd id="uptime">0 s</dd></div>
</dl>
<main>
  <section>
    <h2>Requests per second <small>in the last minute, at most <span id="most">0</span></small></h2>
    <svg viewBox="0 0 119 100" preserveAspectRatio="none" aria-hidden="true"><polyline id="line"></polyline></svg>
  </section>
  <section>
    <h2>Latency <small>of all answers: half of them <span id="p50">–</span>, 99 % <span id="p99">–</span></small></h2>
    <ol id="latency"></ol>
  </section>
</main>
<footer>Make some load: <code id="load"></code>. Also here: <a href="/hello">/hello</a>, <a href="/slow">/slow</a>,
  <a href="/stats.json">/stats.json</a>.</footer>
<script nonce="NONCE">
  "use strict";
  const at = id => document.getElementById(id);
  const show = (id, text) => { at(id).textContent = text; };
  const grouped = number => number.toLocaleString("en");
  const time = us => us < 1e3 ? us + " µs" : us < 1e6 ? us / 1e3 + " ms" : us / 1e6 + " s";
  const ages = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const age = seconds => {
    const parts = [];
    for (const [size, unit] of ages) {
      const n = Math.floor(seconds / size);
      seconds -= n * size;
      if (n > 0 || (unit === "s" && parts.length === 0)) parts.push(n + " " + unit);
    }
    return parts.slice(0, 2).join(" ");
  };
  const rates = new Array(120).fill(0);

  function showRates(now) {
    rates.push(now);
    rates.shift();
    const most = Math.max(...rates);
    show("most", grouped(most));
    at("line").setAttribute("points", rates.map((rate, i) => i + "," + (100 - 96 * rate / (most || 1))).join(" "));
  }

  function showLatency(steps) {
    const name = i => steps[i].below_us ? "< " + time(steps[i].below_us) : "longer";
    const list = at("latency");
    while (list.children.length < steps.length) {
      const row = list.appendChild(document.createElement("li"));
      row.append(document.createElement("span"), document.createElement("i"), document.createElement("span"));
      row.firstChild.textContent = name(list.children.length - 1);
    }
    const most = Math.max(1, ...steps.map(step => step.count));
    const all = steps.reduce((sum, step) => sum + step.count, 0);
    let below = 0, half = "–", nearly = "–";
    steps.forEach((step, i) => {
      const [, bar, count] = list.children[i].children;
      bar.style.width = step.count ? "max(1px, " + 100 * step.count / most + "%)" : "0";
      count.textContent = grouped(step.count);
      if (below < all * 0.5 && below + step.count >= all * 0.5) half = name(i);
      if (below < all * 0.99 && below + step.count >= all * 0.99) nearly = name(i);
      below += step.count;
    });
    show("p50", half);
    show("p99", nearly);
  }

  function connect() {
    const socket = new WebSocket((location.protocol === "https:" ? "wss://" : "ws://") + location.host + "/live");
    socket.onmessage = event => {
      const figures = JSON.parse(event.data);
      show("state", "live");
      at("state").className = "live";
      show("uptime", age(figures.uptime_seconds));
      show("greenlets", grouped(figures.greenlets));
      show("connections", grouped(figures.connections));
      show("rate", grouped(figures.requests_per_second));
      show("requests", grouped(figures.requests));
      show("memory", (figures.resident_bytes / 2 ** 20).toFixed(1) + " MiB");
      showRates(figures.requests_per_second);
      showLatency(figures.latency);
    };
    socket.onclose = () => {
      show("state", "the server is away");
      at("state").className = "";
      setTimeout(connect, 1000);
    };
  }

  show("load", "wrk -c 100 -d 10 " + location.origin + "/hello");
  connect();
</script>
</html>
)html";

std::string make_nonce() {
    std::random_device random;
    std::string nonce;
    for (int i = 0; i < 4; ++i) {
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(random()));
        nonce += digits;
    }
    return nonce;
}

std::string with_nonce(std::string_view page, const std::string& nonce) {
    constexpr std::string_view place = "NONCE";
    std::string text;
    for (std::size_t at = 0; (at = page.find(place)) != page.npos; page.remove_prefix(at + place.size())) {
        text.append(page.substr(0, at)).append(nonce);
    }
    return text.append(page);
}

}  // namespace

void send_live_page(tendril::http::Response& response) {
    const std::string nonce = make_nonce();
    response.set("Content-Security-Policy", "default-src 'none'; script-src 'nonce-" + nonce + "'; style-src 'nonce-" +
                                                nonce + "'; img-src data:; connect-src 'self'; base-uri 'none'; " +
                                                "form-action 'none'; frame-ancestors 'none'");
    response.set("X-Content-Type-Options", "nosniff");
    response.set("Cache-Control", "no-store");
    response.send(with_nonce(live_page, nonce), "text/html; charset=utf-8");
}

}  // namespace demo
