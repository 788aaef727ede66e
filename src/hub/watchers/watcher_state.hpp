// SPDX-License-Identifier: MIT
//
// WatcherState: the state of a Watcher; each kind derives its own.
//
// Its Watcher owns it. If the Watcher is destroyed inside the callback, it lives until that returns (`held_`). While
// active it is in its hub's list, so that the hub can stop all of them: when it ends, and in the child of a fork().

#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include <tendril/watchers.hpp>

#include "hub/active_watcher.hpp"
#include "hub/here.hpp"

namespace tendril::detail {

class WatcherState : public HubCallback, public ActiveWatcher {
public:
    explicit WatcherState(const char* kind, bool ref);
    virtual ~WatcherState() = default;

    void start();          // throws what on_start() throws, and then is not active
    void stop() noexcept;  // no callback begins afterwards
    bool active() const noexcept { return ActiveWatcher::linked(); }
    bool pending() const noexcept { return HubCallback::linked(); }
    void set_ref(bool ref) noexcept;
    void set_priority(int priority);  // throws std::invalid_argument
    void made_at(Site where) noexcept { where_ = where; }
    Site where() const noexcept { return where_; }
    void feed() noexcept;
    void invoke();
    void require_thread() const;  // throws WrongThread, std::logic_error
    std::uint64_t owner() const noexcept { return owner_; }

    // To be called when the Watcher is destroyed. Deletes this, now or when its callback has returned.
    void drop() noexcept;

    // To be called by the hub when the event has come: call() will run.
    void due() noexcept {
        if (pending()) {
            fed_ = false;  // now it is the event's
        } else if (active()) {
            post();
        }
    }

    void run() noexcept final;
    void hub_ended() noexcept final;
    void forked() noexcept override;
    void describe(WatcherInfo& out) const final;

protected:
    virtual void on_start() = 0;
    virtual void on_stop() noexcept = 0;  // releases what on_start() took
    virtual void call() = 0;              // the event has come: the user's callback, and what else is due then
    virtual void called() {}              // after the callback, if still active; may stop()
    virtual void call_fed() { call(); }   // the user's callback alone: see Watcher::feed()
    virtual std::string detail() const;   // in a snapshot, what it watches: "descriptor 5, read"
    HubCore& hub() const noexcept { return *hub_; }

private:
    void post() noexcept;
    void ran() noexcept;
    template <class Step>
    void guarded(Step step) noexcept;

    const char* kind_;
    Site where_;
    HubCore* hub_;               // nullptr: the hub has ended
    const std::uint64_t owner_;  // serial of its OS thread
    bool ref_;
    Presence keeps_;  // makes the hub sleep for it, while active and ref_
    bool held_ = true;
    bool fed_ = false;           // due by feed(), and not by its event
    std::uint32_t running_ = 0;  // calls of the callback under way: invoke()'s may wait meanwhile
};

// Throws std::invalid_argument if the callback is empty.
template <class F>
const F& require_callback(const F& callback, const char* kind) {
    if (!callback) {
        throw std::invalid_argument(std::string(kind) + " needs a callback; this one is empty");
    }
    return callback;
}

}  // namespace tendril::detail
