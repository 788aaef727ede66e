// SPDX-License-Identifier: MIT
//
// The tables of a Page.

#include <algorithm>
#include <initializer_list>

#include "top/format.hpp"
#include "top/page.hpp"

namespace tendril::top {

namespace {

using detail::Json;

struct Cell {
    std::string text;
    std::size_t width;
    bool right = false;
};

// The cells with a blank between; the last one takes what is left.
std::string row_of(std::initializer_list<Cell> cells, std::size_t columns) {
    std::string row;
    std::size_t used = 0;
    for (const Cell& each : cells) {
        const bool last = &each == cells.end() - 1;
        const std::size_t width = last && columns > used ? columns - used : each.width;
        row += fitted(plain(each.text), width, each.right) + (last ? "" : " ");
        used += width + 1;
    }
    return row;
}

std::string what_it_does(const Json& g) {
    std::string text = g["state"].string() == "waits" ? g["waits_in"].string() : g["state"].string();
    if (g["descriptor"].kind() == Json::Kind::number) {
        text += g["writes"].boolean() ? " (write " : " (read ";
        text += std::to_string(static_cast<int>(g["descriptor"].number())) + ")";
    }
    return text;
}

std::string name_of(const Json& g) {
    return g["name"].string().empty() && g["kind"].string() != "spawned" ? "(" + g["kind"].string() + ")"
                                                                         : g["name"].string();
}

}  // namespace

Page::Table Page::table(std::size_t columns) const {
    switch (tab_) {
    case Tab::greenlets:
        return greenlet_table(columns);
    case Tab::groups:
        return group_table(columns);
    case Tab::descriptors:
        return descriptor_table(columns);
    case Tab::watchers:
        return watcher_table(columns);
    case Tab::metrics:
        break;
    }
    return metric_table(columns);
}

Page::Table Page::greenlet_table(std::size_t columns) const {
    Table out;
    const auto row = [&](std::string id, std::string hub, std::string does, std::string age, std::string due,
                         std::string stack, std::string name, std::string place) {
        return row_of({{std::move(id), 8, true},
                       {std::move(hub), 3, true},
                       {std::move(does), 24},
                       {std::move(age), 8, true},
                       {std::move(due), 8, true},
                       {std::move(stack), 9, true},
                       {std::move(name), 20},
                       {std::move(place), 20}},
                      columns);
    };
    out.head = row("ID", "HUB", "WAITS IN", "FOR", "DUE IN", "STACK", "NAME", "SPAWNED AT");
    for (const Json& g : sample_->all["greenlets"].items()) {
        const bool waits = g["waited"].kind() == Json::Kind::number;
        const bool due = g["due"].kind() == Json::Kind::number;
        out.rows.push_back(
            {row(std::to_string(g["id"].count()), std::to_string(g["hub"].count()), what_it_does(g),
                 waits ? time_text(g["waited"].number()) : "", due ? time_text(g["due"].number()) : "",
                 bytes_text(g["stack_used"].number()), name_of(g), place_text(g["file"].string(), g["line"].number())),
             g["id"].count(),
             {}});
    }
    return out;
}

Page::Table Page::group_table(std::size_t columns) const {
    Table out;
    const auto row = [&](std::string count, std::string does, std::string longest, std::string stack,
                         std::string place) {
        return row_of({{std::move(count), 9, true},
                       {std::move(does), 28},
                       {std::move(longest), 10, true},
                       {std::move(stack), 10, true},
                       {std::move(place), 30}},
                      columns);
    };
    out.head = row("COUNT", "WAIT IN", "LONGEST", "STACKS", "SPAWNED AT");
    for (const Json& g : sample_->all["groups"].items()) {
        const std::string place = place_text(g["file"].string(), g["line"].number());
        out.rows.push_back({row(grouped(g["count"].number()), what_it_does(g), time_text(g["longest"].number()),
                                bytes_text(g["stack_used"].number()), place),
                            0, place});
    }
    return out;
}

Page::Table Page::descriptor_table(std::size_t columns) const {
    Table out;
    const auto row = [&](std::string fd, std::string hub, std::string reader, std::string writer, std::string watchers,
                         std::string whose) {
        return row_of({{std::move(fd), 8, true},
                       {std::move(hub), 3, true},
                       {std::move(reader), 10, true},
                       {std::move(writer), 10, true},
                       {std::move(watchers), 8, true},
                       {std::move(whose), 20}},
                      columns);
    };
    const auto id = [](const Json& greenlet) {
        return greenlet.count() != 0 ? std::to_string(greenlet.count()) : std::string();
    };
    out.head = row("FD", "HUB", "READER", "WRITER", "WATCHERS", "WHOSE");
    for (const Json& d : sample_->all["descriptors"].items()) {
        out.rows.push_back({row(std::to_string(d["fd"].count()), std::to_string(d["hub"].count()), id(d["reader"]),
                                id(d["writer"]), std::to_string(d["watchers"].count()),
                                d["owned"].boolean() ? "a socket of the library" : "the program's"),
                            d["reader"].count() != 0 ? d["reader"].count() : d["writer"].count(),
                            {}});
    }
    return out;
}

Page::Table Page::watcher_table(std::size_t columns) const {
    Table out;
    const auto row = [&](std::string kind, std::string hub, std::string detail, std::string state, std::string place) {
        return row_of({{std::move(kind), 12},
                       {std::move(hub), 3, true},
                       {std::move(detail), 36},
                       {std::move(state), 16},
                       {std::move(place), 20}},
                      columns);
    };
    out.head = row("KIND", "HUB", "WATCHES", "", "MADE AT");
    for (const Json& w : sample_->all["watchers"].items()) {
        out.rows.push_back({row(w["kind"].string(), std::to_string(w["hub"].count()), w["detail"].string(),
                                w["pending"].boolean()       ? "due"
                                : w["keeps_alive"].boolean() ? "keeps alive"
                                                             : "",
                                place_text(w["file"].string(), w["line"].number())),
                            0,
                            {}});
    }
    return out;
}

Page::Table Page::metric_table(std::size_t columns) const {
    Table out;
    const auto row = [&](std::string value, std::string rate, std::string name) {
        return row_of({{std::move(value), 16, true}, {std::move(rate), 14, true}, {std::move(name), 30}}, columns);
    };
    out.head = row("VALUE", "PER SECOND", "METRIC");
    for (const Json& m : sample_->all["metrics"].items()) {
        const std::string title = metric_title(m);
        const auto rate = sample_->metric_rates.find(title);
        out.rows.push_back(
            {row(grouped(m["value"].number()), rate != sample_->metric_rates.end() ? grouped(rate->second) : "", title),
             0,
             {}});
    }
    return out;
}

}  // namespace tendril::top
