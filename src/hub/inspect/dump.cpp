// SPDX-License-Identifier: MIT
//
// Writes a snapshot as text: the tree of all green threads of a hub, and below it what else is in it.

#include <tendril/dump.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <tendril/snapshot.hpp>

#include "base/symbol.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"
#include "hub/inspect/name_frames.hpp"

namespace tendril {

namespace detail {

namespace {

constexpr std::size_t most_frames = 64;

std::string one_decimal(double value, const char* unit) {
    char text[48];
    std::snprintf(text, sizeof text, "%.1f %s", value, unit);
    return text;
}

std::string duration_text(std::int64_t ns) {
    return ns < 1'000'000'000 ? one_decimal(static_cast<double>(ns) / 1e6, "ms")
                              : one_decimal(static_cast<double>(ns) / 1e9, "s");
}

class Dump {
public:
    Dump(const HubSnapshot& snapshot, std::ostream& out, DumpOptions options, std::size_t most_lines)
        : snapshot_(snapshot), out_(out), options_(options), lines_left_(most_lines), limited_(most_lines != SIZE_MAX) {
    }

    void write() {
        if (options_.only != 0) {
            write_one();
            return;
        }
        for (const GreenletInfo& each : snapshot_.greenlets) {
            if (each.kind == GreenletKind::spawned) {
                spawned_by_[each.spawner].push_back(&each);
            }
        }
        for (const GreenletInfo& each : snapshot_.greenlets) {
            if (each.kind == GreenletKind::main ||
                (each.kind == GreenletKind::hub &&
                 (each.state != GreenletState::waits || spawned_by_.contains(each.id)))) {
                tree(each);
            }
        }
        std::vector<std::uint64_t> ended;
        for (const auto& [spawner, children] : spawned_by_) {
            if (const GreenletInfo* g = find(spawner); g == nullptr || g->kind != GreenletKind::spawned) {
                ended.push_back(spawner);
            }
        }
        for (const std::uint64_t spawner : ended) {
            if (lines_left_ > 0) {
                out_ << "  green thread " << spawner << " has ended, and had spawned:\n";
            }
            children_of(spawner, 1);
        }
        write_rest();
        write_watchers();
    }

private:
    void write_one() {
        if (const GreenletInfo* g = find(options_.only); g != nullptr) {
            line(*g, 0);
        }
    }

    const GreenletInfo* find(std::uint64_t id) const {
        const auto& all = snapshot_.greenlets;
        const auto spawned = std::find_if(all.begin(), all.end(),
                                          [](const GreenletInfo& each) { return each.kind == GreenletKind::spawned; });
        const auto first = std::find_if(all.begin(), spawned, [&](const GreenletInfo& each) { return each.id == id; });
        if (first != spawned) {
            return &*first;
        }
        const auto at = std::lower_bound(
            spawned, all.end(), id, [](const GreenletInfo& each, std::uint64_t wanted) { return each.id < wanted; });
        return at != all.end() && at->id == id ? &*at : nullptr;
    }

    struct Alike {
        std::size_t count;
        const GreenletInfo* first;
    };

    struct Place {
        const GreenletInfo* greenlet;
        std::size_t depth;
    };

    // A loop, not a recursion: generations may be thousands deep.
    void tree(const GreenletInfo& root) {
        line(root, 0);
        children_of(root.id, 1);
    }
    void children_of(std::uint64_t id, std::size_t depth) {
        std::vector<Place> left;
        push_children(left, id, depth);
        while (!left.empty()) {
            const Place next = left.back();
            left.pop_back();
            line(*next.greenlet, next.depth);
            push_children(left, next.greenlet->id, next.depth + 1);
        }
    }
    void push_children(std::vector<Place>& left, std::uint64_t id, std::size_t depth) {
        const auto found = spawned_by_.find(id);
        if (found == spawned_by_.end()) {
            return;
        }
        for (auto child = found->second.rbegin(); child != found->second.rend(); ++child) {
            left.push_back({*child, depth});
        }
        spawned_by_.erase(found);
    }

    void line(const GreenletInfo& g, std::size_t depth) {
        if (lines_left_ == 0) {
            count(g);
            return;
        }
        --lines_left_;
        constexpr std::size_t deepest = 20;  // deeper than this, the line runs off the page
        const std::string indent(2 + 2 * std::min(depth, deepest), ' ');
        out_ << indent;
        name(g);
        state(out_, g);
        holder(g);
        origin(g);
        if (g.state == GreenletState::waits) {
            out_ << "; for " << duration_text(g.waited.count());
        }
        stack(g);
        if (g.descriptor >= 0) {
            out_ << "; descriptor " << g.descriptor << (g.writes ? ", write" : ", read");
        }
        if (g.daemon) {
            out_ << "; in the background";
        }
        out_ << '\n';
        if (options_.backtraces) {
            frames(g.frames, g.backtrace, indent);
            out_ << (g.spawn_backtrace.empty() ? "" : indent + "  spawned by the calls\n");
            frames(g.spawn_frames, g.spawn_backtrace, indent + "  ");
        }
        for (const ContextInfo& each : g.contexts) {
            context(each, indent);
        }
    }

    void context(const ContextInfo& c, const std::string& indent) {
        out_ << indent << "  context " << c.id
             << (c.running   ? " runs"
                 : c.started ? " is suspended"
                             : " has not begun")
             << ", made";
        place(out_, c.where);
        out_ << " by " << c.parent << '\n';
        if (options_.backtraces) {
            frames(c.frames, c.backtrace, indent + "  ");
        }
    }

    void name(const GreenletInfo& g) {
        out_ << "green thread " << g.id;
        if (!g.name.empty()) {
            out_ << " \"" << g.name << '"';
        }
    }

    static void place(std::ostream& out, const Site& where) {
        if (*where.file != 0) {
            out << " at " << where.file << ':' << where.line;
        }
    }

    static void state(std::ostream& out, const GreenletInfo& g) {
        switch (g.state) {
        case GreenletState::waits:
            out << " waits in " << g.waits_in;
            return;
        case GreenletState::waits_for_start:
            out << " waits for its start";
            return;
        case GreenletState::runs:
            out << " runs";
            return;
        case GreenletState::ready:
            out << " is ready";
            return;
        case GreenletState::ready_to_begin:
            out << " is ready to begin";
            return;
        }
    }

    // Names the green thread that holds what this one waits for.
    void holder(const GreenletInfo& g) {
        if (g.holder == 0) {
            return;
        }
        out_ << (g.holder_took_last ? ", last taken by " : ", held by ");
        if (const GreenletInfo* found = find(g.holder); found == nullptr) {
            out_ << "green thread " << g.holder << ", which has ended";
        } else {
            name(*found);
            if (*found->where.file != 0) {
                out_ << " (spawned at " << found->where.file << ':' << found->where.line << ')';
            }
        }
    }

    // Counts one that gets no line of its own.
    void count(const GreenletInfo& g) {
        std::ostringstream kind;
        state(kind, g);
        if (*g.where.file != 0) {
            kind << ", spawned";
            place(kind, g.where);
        }
        auto [at, added] = rest_.try_emplace(std::move(kind).str(), Alike{0, &g});
        ++at->second.count;
    }

    void write_rest() {
        constexpr std::size_t most_kinds = 20;
        std::vector<std::pair<std::string, Alike>> kinds(rest_.begin(), rest_.end());
        std::stable_sort(kinds.begin(), kinds.end(),
                         [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
        std::size_t untold = 0;
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (i >= most_kinds) {
                untold += kinds[i].second.count;
                continue;
            }
            out_ << "  and " << kinds[i].second.count << " more:" << kinds[i].first << "; the first is ";
            name(*kinds[i].second.first);
            out_ << '\n';
        }
        if (untold > 0) {
            out_ << "  and " << untold << " more, of " << kinds.size() - most_kinds << " other kinds\n";
        }
    }

    void write_watchers() {
        constexpr std::size_t most = 20;  // in a text that is limited
        std::size_t told = 0;
        for (const WatcherInfo& each : snapshot_.watchers) {
            if (limited_ && ++told > most) {
                out_ << "  and " << snapshot_.watchers.size() - most << " more watchers and Asyncs\n";
                return;
            }
            out_ << "  " << each.kind << ", made";
            place(out_, each.where);
            out_ << (each.detail.empty() ? "" : ": ") << each.detail
                 << (each.keeps_alive ? "; keeps the hub alive" : "; does not keep the hub alive")
                 << (each.pending ? "; its callback is due\n" : "\n");
        }
    }

    void origin(const GreenletInfo& g) {
        if (g.kind == GreenletKind::main) {
            out_ << ", the main one";
        } else if (g.kind == GreenletKind::hub) {
            out_ << ", the hub's own for callbacks";
        } else {
            out_ << ", spawned";
            place(out_, g.where);
            out_ << " by " << g.spawner;
        }
    }

    void stack(const GreenletInfo& g) {
        if (g.stack_used == 0) {
            out_ << "; on the stack of a raw context";
        } else {
            out_ << "; stack " << one_decimal(static_cast<double>(g.stack_used) / 1024, "of ") << (g.stack_size >> 10)
                 << " KiB";
        }
    }

    void frames(const std::vector<void*>& addresses, const std::vector<std::string>& names, const std::string& indent) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            out_ << indent << "  #" << i << ' ' << names[i] << '\n';
        }
        if (addresses.size() == most_frames) {
            out_ << indent << "  ... and so on\n";
        }
    }

    const HubSnapshot& snapshot_;
    std::ostream& out_;
    const DumpOptions options_;
    std::size_t lines_left_;
    const bool limited_;
    std::map<std::uint64_t, std::vector<const GreenletInfo*>> spawned_by_;  // those not written yet
    std::map<std::string, Alike> rest_;                                     // those without a line, by state and origin
};

}  // namespace

void HubCore::write(std::ostream& out, const HubSnapshot& snapshot, DumpOptions options, std::size_t most_lines) {
    Dump(snapshot, out, options, most_lines).write();
}

}  // namespace detail

std::ostream& operator<<(std::ostream& out, const HubSnapshot& snapshot) {
    if (!snapshot.answered) {
        return out << "  it does not answer: a green thread computes, or its OS thread waits outside the hub\n";
    }
    detail::HubCore::write(out, snapshot, {});
    return out;
}

void Hub::dump(std::ostream& out, DumpOptions options) const {
    detail::here::require_owner("a Hub", core_.os.serial);
    HubSnapshot taken = core_.snapshot(options.backtraces, options.only);
    if (options.backtraces) {
        detail::AddressNames names;
        detail::name_frames(taken, names);
    }
    detail::HubCore::write(out, taken, options);
}

void dump(std::ostream& out, DumpOptions options) {
    Hub::current().dump(out, options);
}

}  // namespace tendril
