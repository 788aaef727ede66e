// SPDX-License-Identifier: MIT
//
// Writes the dump: a tree of all green threads of a hub.

#include <tendril/dump.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/symbol.hpp"
#include "context/backtrace.hpp"
#include "hub/here.hpp"
#include "hub/hub_core.hpp"

namespace tendril {

namespace detail {

namespace {

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
    Dump(HubCore& hub, std::ostream& out, DumpOptions options, std::size_t most_lines)
        : hub_(hub), out_(out), options_(options), lines_left_(most_lines), now_(Deadline::now_ns()),
          live_(hub.fibers()) {}

    void write() {
        if (options_.only != 0) {
            write_one();
            return;
        }
        for (const Fiber* fiber : live_) {
            spawned_by_[fiber->spawner].push_back(fiber);
        }
        if (hub_.root == &hub_.main) {  // else this is the child of a fork(), and main stayed in the parent
            tree(hub_.main);
        }
        if (const Fiber* callbacks = hub_.callback_fiber;
            callbacks != nullptr && (!callbacks->parked() || spawned_by_.contains(callbacks->id))) {
            tree(*callbacks);
        }
        std::vector<std::uint64_t> ended;
        for (const auto& [spawner, children] : spawned_by_) {
            if (find(spawner) == nullptr) {
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
    }

private:
    void write_one() {
        if (const Fiber* fiber = find(options_.only); fiber != nullptr) {
            line(*fiber, 0);
        }
    }

    const Fiber* find(std::uint64_t id) const {
        const auto at = std::lower_bound(live_.begin(), live_.end(), id,
                                         [](const Fiber* fiber, std::uint64_t wanted) { return fiber->id < wanted; });
        return at != live_.end() && (*at)->id == id ? *at : nullptr;
    }

    struct Alike {
        std::size_t count;
        const Fiber* first;
    };

    struct Place {
        const Fiber* fiber;
        std::size_t depth;
    };

    // A loop, not a recursion: generations may be thousands deep.
    void tree(const Fiber& root) {
        line(root, 0);
        children_of(root.id, 1);
    }
    void children_of(std::uint64_t id, std::size_t depth) {
        std::vector<Place> left;
        push_children(left, id, depth);
        while (!left.empty()) {
            const Place next = left.back();
            left.pop_back();
            line(*next.fiber, next.depth);
            push_children(left, next.fiber->id, next.depth + 1);
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

    void line(const Fiber& f, std::size_t depth) {
        if (lines_left_ == 0) {
            count(f);
            return;
        }
        --lines_left_;
        constexpr std::size_t deepest = 20;  // deeper than this, the line runs off the page
        const std::string indent(2 + 2 * std::min(depth, deepest), ' ');
        out_ << indent;
        name(f);
        state(out_, f);
        holder(f);
        origin(f);
        if (f.parked()) {
            out_ << "; for " << duration_text(std::max<std::int64_t>(now_ - f.waits_since_ns, 0));
        }
        stack(f);
        out_ << '\n';
        if (options_.backtraces && !f.runs() && begun(f)) {
            frames(f, indent);
        }
    }

    bool begun(const Fiber& f) const { return f.waiter != nullptr || (f.started && &f != hub_.callback_fiber); }

    void name(const Fiber& f) {
        out_ << "green thread " << f.id;
        if (f.record != nullptr && !f.record->name.empty()) {
            out_ << " \"" << f.record->name << '"';
        }
    }

    static void state(std::ostream& out, const Fiber& f) {
        if (f.parked()) {
            out << " waits in " << f.waiter->what;
        } else if (f.start_timer.armed()) {
            out << " waits for its start";
        } else {
            out << (f.runs() ? " runs" : f.started ? " is ready" : " is ready to begin");
        }
    }

    // Names the green thread that holds what this one waits for.
    void holder(const Fiber& f) {
        if (!f.parked() || f.waiter->slot_use == SlotUse::handover || f.waiter->slot == nullptr) {
            return;
        }
        const std::uint64_t id = *static_cast<const std::uint64_t*>(f.waiter->slot);
        if (id == 0) {
            return;
        }
        out_ << (f.waiter->slot_use == SlotUse::holder ? ", held by " : ", last taken by ");
        if (const Fiber* fiber = id == hub_.main.id ? &hub_.main : find(id); fiber == nullptr) {
            out_ << "green thread " << id << ", which has ended";
        } else {
            name(*fiber);
            if (*fiber->where.file != 0) {
                out_ << " (spawned at " << fiber->where.file << ':' << fiber->where.line << ')';
            }
        }
    }

    // Counts one that gets no line of its own.
    void count(const Fiber& f) {
        std::ostringstream kind;
        state(kind, f);
        if (*f.where.file != 0) {
            kind << ", spawned at " << f.where.file << ':' << f.where.line;
        }
        auto [at, added] = rest_.try_emplace(std::move(kind).str(), Alike{0, &f});
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

    void origin(const Fiber& f) {
        if (&f == &hub_.main) {
            out_ << ", the main one";
        } else if (&f == hub_.callback_fiber) {
            out_ << ", the hub's own for callbacks";
        } else {
            out_ << ", spawned";
            if (*f.where.file != 0) {
                out_ << " at " << f.where.file << ':' << f.where.line;
            }
            out_ << " by " << f.spawner;
        }
    }

    void stack(const Fiber& f) {
        const StackBounds& bounds = f.stack != nullptr ? f.stack->bounds : hub_.os.own_stack;
        const auto* sp = static_cast<const char*>(f.runs() ? __builtin_frame_address(0) : stopped_at(f));
        const std::ptrdiff_t at = sp - static_cast<const char*>(bounds.bottom);
        const auto kib = [](std::size_t bytes) { return static_cast<double>(bytes) / 1024; };
        if (at < 0 || static_cast<std::size_t>(at) > bounds.size) {
            out_ << "; on the stack of a raw context";
        } else {
            out_ << "; stack " << one_decimal(kib(bounds.size - static_cast<std::size_t>(at)), "of ")
                 << (bounds.size >> 10) << " KiB";
        }
    }

    void frames(const Fiber& f, const std::string& indent) {
        std::array<void*, 64> addresses{};
        const std::size_t n = backtrace_of(f, addresses);
        for (std::size_t i = 0; i < n; ++i) {
            out_ << indent << "  #" << i << ' ' << names_.of(addresses[i]) << '\n';
        }
        if (n == addresses.size()) {
            out_ << indent << "  ... and so on\n";
        }
    }

    HubCore& hub_;
    std::ostream& out_;
    const DumpOptions options_;
    std::size_t lines_left_;
    const std::int64_t now_;
    const std::vector<Fiber*> live_;                                 // ordered by id
    std::map<std::uint64_t, std::vector<const Fiber*>> spawned_by_;  // those not written yet
    std::map<std::string, Alike> rest_;                              // those without a line, by state and origin
    AddressNames names_;
};

}  // namespace

void HubCore::describe_fibers(std::ostream& out, DumpOptions options, std::size_t most_lines) {
    Dump(*this, out, options, most_lines).write();
}

}  // namespace detail

void Hub::dump(std::ostream& out, DumpOptions options) const {
    detail::here::require_owner("a Hub", core_.os.serial);
    core_.describe_fibers(out, options);
}

void dump(std::ostream& out, DumpOptions options) {
    Hub::current().dump(out, options);
}

}  // namespace tendril
