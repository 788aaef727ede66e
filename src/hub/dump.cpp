// SPDX-License-Identifier: MIT
//
// The dump: a tree of all green threads of a hub.

#include <tendril/dump.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/symbol.hpp"
#include "context/backtrace.hpp"
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
    Dump(HubCore& hub, std::ostream& out, DumpOptions options)
        : hub_(hub), out_(out), options_(options), now_(Deadline::now_ns()) {}

    void write() {
        if (options_.only != 0) {
            write_one();
            return;
        }
        for (const Fiber* fiber : hub_.fibers()) {
            spawned_by_[fiber->spawner].push_back(fiber);
            live_.push_back(fiber->id);
        }
        if (hub_.root == &hub_.main) {  // else it stayed behind at a fork()
            tree(hub_.main);
        }
        if (const Fiber* callbacks = hub_.callback_fiber;
            callbacks != nullptr && (!callbacks->parked() || spawned_by_.contains(callbacks->id))) {
            tree(*callbacks);
        }
        std::vector<std::uint64_t> ended;
        for (const auto& [spawner, children] : spawned_by_) {
            if (!std::binary_search(live_.begin(), live_.end(), spawner)) {
                ended.push_back(spawner);
            }
        }
        for (const std::uint64_t spawner : ended) {
            out_ << "  green thread " << spawner << " has ended, and had spawned:\n";
            children_of(spawner, 1);
        }
    }

private:
    void write_one() {
        for (const Fiber* fiber : hub_.fibers()) {
            if (fiber->id == options_.only) {
                line(*fiber, 0);
            }
        }
    }

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
        constexpr std::size_t deepest = 20;  // further in than this, it is off the page
        const std::string indent(2 + 2 * std::min(depth, deepest), ' ');
        out_ << indent << "green thread " << f.id;
        if (f.record != nullptr && !f.record->name.empty()) {
            out_ << " \"" << f.record->name << '"';
        }
        state(f);
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

    void state(const Fiber& f) {
        if (f.parked()) {
            out_ << " waits in " << f.waiter->what;
        } else if (f.start_timer.armed()) {
            out_ << " waits for its start";
        } else {
            out_ << (f.runs() ? " runs" : f.started ? " is ready" : " is ready to begin");
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
    const std::int64_t now_;
    std::vector<std::uint64_t> live_;                                // ids, in order
    std::map<std::uint64_t, std::vector<const Fiber*>> spawned_by_;  // what is left to be written
    AddressNames names_;
};

}  // namespace

void HubCore::describe_fibers(std::ostream& out, DumpOptions options) {
    Dump(*this, out, options).write();
}

}  // namespace detail

void Hub::dump(std::ostream& out, DumpOptions options) const {
    detail::HubCore::require_here("a Hub", core_.os.serial);
    core_.describe_fibers(out, options);
}

void dump(std::ostream& out, DumpOptions options) {
    Hub::current().dump(out, options);
}

}  // namespace tendril
