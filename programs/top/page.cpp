// SPDX-License-Identifier: MIT

#include "top/page.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <tendril/http/form.hpp>

#include "top/format.hpp"

namespace tendril::top {

namespace {

using detail::Json;

constexpr std::array<const char*, 5> orders{"waited", "id", "name", "stack", "call"};
constexpr std::array<const char*, 5> tabs{"green threads", "groups", "descriptors", "watchers", "metrics"};
constexpr std::size_t most_hubs = 4;

const std::vector<std::string> help_text{
    "Up, Down, PgUp, PgDn, Home, End   select",
    "Enter     backtrace of the green thread; of a group: its green threads",
    "Esc       back; ends the filter",
    "Tab, 1-5  the other tables",
    "s         sort by the next: waited, id, name, stack, call",
    "r         reverse the order",
    "/         filter by name, call, place, state or id; Enter ends",
    "p, space  pause, and go on",
    "q         quit",
};

}  // namespace

std::string Page::query() const {
    std::string text = "order=" + order_ + "&most=2000" + (reverse_ ? "&reverse=1" : "");
    if (const std::string& filter = edited_ ? *edited_ : filter_; !filter.empty()) {
        text += "&filter=" + http::percent_encode(filter);
    }
    return opened_ != 0 ? text + "&greenlet=" + std::to_string(opened_) : text;
}

void Page::take(Sample sample) {
    error_.clear();
    if (!paused_ || !sample_) {
        sample_ = std::move(sample);
    }
}

Page::Asks Page::press(const Key& key) {
    if (edited_) {
        return edit_filter(key);
    }
    if (help_) {
        help_ = false;
        return Asks::nothing;
    }
    switch (key.name) {
    case KeyName::character:
        return press_character(key.character);
    case KeyName::enter:
        return open_selected();
    case KeyName::escape:
    case KeyName::backspace:
        if (opened_ != 0) {
            opened_ = 0;
        } else {
            filter_.clear();
        }
        return Asks::sample;
    case KeyName::tab:
        tab_ = static_cast<Tab>((static_cast<std::size_t>(tab_) + 1) % tabs.size());
        selected_ = first_ = 0;
        opened_ = 0;
        return Asks::nothing;
    case KeyName::up:
        move(-1);
        break;
    case KeyName::down:
        move(1);
        break;
    case KeyName::page_up:
        move(-static_cast<std::ptrdiff_t>(height_));
        break;
    case KeyName::page_down:
        move(static_cast<std::ptrdiff_t>(height_));
        break;
    case KeyName::home:
        move(PTRDIFF_MIN / 2);
        break;
    case KeyName::end:
        move(PTRDIFF_MAX / 2);
        break;
    }
    return Asks::nothing;
}

Page::Asks Page::press_character(char c) {
    switch (c) {
    case 'q':
        return Asks::end;
    case 's': {
        const auto* const at = std::find(orders.begin(), orders.end(), order_);
        order_ = at == orders.end() || at + 1 == orders.end() ? orders.front() : *(at + 1);
        return Asks::sample;
    }
    case 'r':
        reverse_ = !reverse_;
        return Asks::sample;
    case '/':
        edited_ = filter_;
        break;
    case 'p':
    case ' ':
        paused_ = !paused_;
        return Asks::sample;
    case 'h':
    case '?':
        help_ = true;
        break;
    default:
        if (c >= '1' && c < static_cast<char>('1' + tabs.size())) {
            tab_ = static_cast<Tab>(c - '1');
            selected_ = first_ = 0;
            opened_ = 0;
        }
    }
    return Asks::nothing;
}

Page::Asks Page::edit_filter(const Key& key) {
    switch (key.name) {
    case KeyName::enter:
        filter_ = *std::exchange(edited_, std::nullopt);
        return Asks::sample;
    case KeyName::escape:
        edited_.reset();
        return Asks::sample;
    case KeyName::backspace:
        if (!edited_->empty()) {
            edited_->pop_back();
        }
        return Asks::sample;
    case KeyName::character:
        if (key.character >= ' ') {
            *edited_ += key.character;
        }
        return Asks::sample;
    default:
        return Asks::nothing;
    }
}

Page::Asks Page::open_selected() {
    if (opened_ != 0 || selected_ >= shown_.rows.size()) {
        return Asks::nothing;
    }
    const Row& row = shown_.rows[selected_];
    if (row.greenlet != 0) {
        opened_ = row.greenlet;
        return Asks::sample;
    }
    if (!row.place.empty()) {
        filter_ = row.place;
        tab_ = Tab::greenlets;
        selected_ = first_ = 0;
        return Asks::sample;
    }
    return Asks::nothing;
}

void Page::move(std::ptrdiff_t by) {
    const auto last = static_cast<std::ptrdiff_t>(shown_.rows.size()) - 1;
    const std::ptrdiff_t to =
        std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(selected_) + by, 0, std::max<std::ptrdiff_t>(last, 0));
    selected_ = static_cast<std::size_t>(to);
}

std::string Page::footer() const {
    if (edited_) {
        return "filter: " + *edited_ + "_   Enter: keep it   Esc: as before";
    }
    if (opened_ != 0) {
        return "Esc: back   p: " + std::string(paused_ ? "go on" : "pause") + "   q: quit";
    }
    return "h: help   s: sort (" + order_ + (reverse_ ? ", reversed" : "") + ")   /: filter" +
           (filter_.empty() ? "" : " (" + filter_ + ")") + "   Enter: backtrace   Tab: table   q: quit" +
           (paused_ ? "   PAUSED" : "");
}

std::vector<Line> Page::lines(std::size_t columns, std::size_t rows) {
    std::vector<Line> out;
    if (!sample_) {
        out.push_back({error_.empty() ? "asking the process" : error_, error_.empty() ? Style::dim : Style::alarm});
        return out;
    }
    add_heads(out, columns);
    if (help_) {
        for (const std::string& each : help_text) {
            out.push_back({each});
        }
    } else if (opened_ != 0) {
        add_backtrace(out);
    } else {
        shown_ = table(columns);
        out.push_back({shown_.head, Style::head});
        height_ = rows > out.size() + 2 ? rows - out.size() - 1 : 1;
        move(0);
        first_ = std::clamp(first_, selected_ >= height_ ? selected_ - height_ + 1 : 0, selected_);
        for (std::size_t i = first_; i < std::min(first_ + height_, shown_.rows.size()); ++i) {
            out.push_back({shown_.rows[i].text, i == selected_ ? Style::selected : Style::plain});
        }
    }
    out.resize(std::min(out.size(), rows > 1 ? rows - 1 : 0));
    while (out.size() + 1 < rows) {
        out.push_back({});
    }
    out.push_back(error_.empty() ? Line{footer(), Style::dim} : Line{error_, Style::alarm});
    for (Line& each : out) {
        each.text = fitted(plain(each.text), columns);
    }
    return out;
}

void Page::add_heads(std::vector<Line>& out, std::size_t columns) const {
    const Json& all = sample_->all;
    const Json& process = all["process"];
    out.push_back({"tendril top   process " + std::to_string(process["pid"].count()) + "   up " +
                       time_text(process["uptime"].number()) + "   " + process["command"].string(),
                   Style::title});
    double connections = 0;
    for (const Json& each : all["metrics"].items()) {
        connections += each["name"].string() == "tendril_http_connections_open" ? each["value"].number() : 0;
    }
    const auto rate = [this](double value) { return sample_->has_rates ? grouped(value) : std::string("-"); };
    out.push_back(
        {rate(sample_->requests_per_second) + " requests/s   " + grouped(connections) + " HTTP connections   cpu " +
         rate(sample_->cpu_percent) + " %   memory " + bytes_text(process["resident_bytes"].number()) +
         "   descriptors " + grouped(process["open_descriptors"].number()) + " of " +
         grouped(process["most_descriptors"].number()) + "   OS threads " + grouped(process["threads"].number())});
    const auto& hubs = all["hubs"].items();
    for (std::size_t i = 0; i < std::min(hubs.size(), most_hubs); ++i) {
        const Json& hub = hubs[i];
        const std::string name = "hub " + std::to_string(hub["os_thread"].count());
        if (!hub["answered"].boolean()) {
            out.push_back(
                {name + " does not answer: a green thread computes, or its OS thread waits elsewhere", Style::alarm});
            continue;
        }
        const HubFigures& figures = sample_->hubs[i];
        const Json& recent = hub["scheduling"]["recent"];
        out.push_back({name + " " + hub["backend"].string() + ": " + grouped(hub["greenlets"].number()) +
                       " green threads, " + grouped(hub["ready"].number()) + " ready, " +
                       grouped(hub["waiting_for_io"].number()) + " wait for I/O; " + grouped(hub["timers"].number()) +
                       " timers; queue delay " + time_text(figures.delay_p50) + ", 99 % " +
                       time_text(figures.delay_p99)});
        out.push_back(
            {"  stretches without a yield: 99 % " + time_text(figures.stretch_p99) + ", longest of late " +
             time_text(recent["took"].number()) +
             (recent["greenlet"].count() != 0 ? " by " + std::to_string(recent["greenlet"].count()) : "") +
             (recent["line"].count() != 0 ? " from " + place_text(recent["file"].string(), recent["line"].number())
                                          : "")});
    }
    if (hubs.size() > most_hubs) {
        out.push_back({"and " + std::to_string(hubs.size() - most_hubs) + " more hubs", Style::dim});
    }
    std::string row;
    for (std::size_t i = 0; i < tabs.size(); ++i) {
        const std::string title = std::to_string(i + 1) + " " + tabs[i];
        row += i == static_cast<std::size_t>(tab_) ? "[" + title + "] " : " " + title + "  ";
    }
    row += "   " + grouped(all["greenlets_found"].number()) + " of " + grouped(all["greenlets_total"].number());
    out.push_back({fitted(row, columns)});
}

void Page::add_backtrace(std::vector<Line>& out) const {
    for (const Json& g : sample_->all["greenlets"].items()) {
        if (g["id"].count() != opened_) {
            continue;
        }
        out.push_back({"green thread " + std::to_string(opened_) + "  " + g["name"].string() + "  " +
                           g["state"].string() +
                           (g["waits_in"].string().empty() ? "" : " in " + g["waits_in"].string()),
                       Style::head});
        out.push_back(
            {"spawned at " + place_text(g["file"].string(), g["line"].number()) + " by " +
             std::to_string(g["spawner"].count()) + ";  stack " + bytes_text(g["stack_used"].number()) + " of " +
             bytes_text(g["stack_size"].number()) + (g["daemon"].boolean() ? ";  a daemon" : "") +
             (g["holder"].count() != 0 ? ";  what it waits for is held by " + std::to_string(g["holder"].count())
                                       : "")});
        const auto& backtrace = g["backtrace"].items();
        for (std::size_t i = 0; i < backtrace.size(); ++i) {
            out.push_back({"#" + std::to_string(i) + " " + backtrace[i].string()});
        }
        if (backtrace.empty()) {
            out.push_back({"no backtrace: it runs, or has not begun", Style::dim});
        }
        return;
    }
    out.push_back({"green thread " + std::to_string(opened_) + " has ended", Style::dim});
}

}  // namespace tendril::top
