// SPDX-License-Identifier: MIT
//
// Raw contexts. The state of each is on the heap, not on its stack, so that handles may outlive it; the state keeps
// itself alive from its first switch to its end.

#include <tendril/context.hpp>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <tendril/detail/base/list.hpp>

#include "base/report.hpp"
#include "context/hub_observer.hpp"
#include "context/os_thread.hpp"

namespace tendril {

namespace detail {

struct ContextState final : Flow, StackOwner, ListNode, std::enable_shared_from_this<ContextState> {
    OsThread& os;
    const std::uint64_t serial = os.serial;  // may be compared after the OS thread is gone
    const std::uint64_t tree_id;             // of its tree; os.tree is that tree whenever it runs
    const std::uint64_t id;
    std::shared_ptr<ContextState> parent;  // made it; once this has ended, the nearest ancestor that had not
    ContextState* unwinder = nullptr;      // the context that has forced its end, and waits for it
    Context::Function run;
    ContextOptions options;
    StackTop* stack = nullptr;
    bool started = false;
    bool dead = false;
    std::any value;            // what the next switch to it delivers
    std::exception_ptr error;  // or this, which is thrown
    std::shared_ptr<ContextState> self;

    // For a root only.
    List<ContextState> children;          // all other contexts of the tree that have not ended
    std::shared_ptr<ContextState> ended;  // the context that the last switch left for good

    ContextState(OsThread& thread, std::uint64_t number) : os(thread), tree_id(thread.tree->id), id(number) {
        environment.save();
    }

    std::size_t describe(char* out, std::size_t size) const noexcept override {
        const int n = std::snprintf(out, size, "context %llu (stack of %zu KiB), made at %s:%d",
                                    static_cast<unsigned long long>(id), stack->size >> 10, options.where.file,
                                    options.where.line);
        return std::min(static_cast<std::size_t>(n), size - 1);
    }

    static ContextState& running(OsThread& os);
    static std::shared_ptr<ContextState> make(Context::Function run, ContextOptions options);
    static ContextState& check(const std::shared_ptr<ContextState>& state);
    TENDRIL_OPAQUE static std::any go(ContextState& to, SwitchEvent::Kind kind);

    bool owned_here() const noexcept {
        return serial == OsThread::current_serial() && OsThread::if_any() == &os && tree_id == os.tree->id;
    }
    void require_owned_here() const;
    ContextState& heir() const noexcept;
    void start();
    void finish() noexcept;
    void unwind() noexcept;
    TENDRIL_OPAQUE static void enter(Registers* registers);
    [[gnu::noinline]] static ContextState& live(ContextState& self) noexcept;
};

ContextState& ContextState::running(OsThread& os) {
    ContextTree& tree = *os.tree;
    if (tree.root == nullptr) {
        auto root = std::make_shared<ContextState>(os, tree.id);
        root->started = true;
        root->self = root;
        tree.root = tree.current = root.get();
    }
    return *tree.current;
}

// A green thread's tree lies in its control block, at the top of its stack.
const StackTop* OsThread::running_stack() const noexcept {
    return tree->current != tree->root ? tree->current->stack : stacks.find(tree);
}

std::shared_ptr<ContextState> ContextState::make(Context::Function run, ContextOptions options) {
    if (!run) {
        throw std::invalid_argument("a context needs a function to run; this one is empty");
    }
    StackPool::check_size(options.stack_size);
    OsThread& os = OsThread::current();
    ContextState& maker = running(os);
    auto state = std::make_shared<ContextState>(os, next_flow_id());
    state->parent = maker.shared_from_this();
    state->run = std::move(run);
    state->options = options;
    os.tree->root->children.push_back(*state);
    return state;
}

ContextState& ContextState::check(const std::shared_ptr<ContextState>& state) {
    if (state == nullptr) {
        throw DeadContext("a switch to an empty context handle: make the context first");
    }
    if (state->serial != OsThread::current_serial()) {
        throw WrongThread("a context", state->serial, OsThread::current_serial());
    }
    OsThread::current().refuse_in_observer();
    return *state;
}

void ContextState::require_owned_here() const {
    if (!owned_here()) {
        throw std::logic_error("context " + std::to_string(id) + " belongs to green thread " + std::to_string(tree_id) +
                               " but was switched to from " + std::to_string(os.tree->id) +
                               "; only the green thread that made a raw context may use it");
    }
}

void ContextState::start() {
    stack = &os.stacks.acquire(options.stack_size, *this);
    begins_on(stack->bounds);
    started = true;
    self = shared_from_this();
    prepare(*this, stack->top(), &ContextState::enter);
}

std::any ContextState::go(ContextState& to, SwitchEvent::Kind kind) {
    OsThread& os = to.os;
    ContextState& from = running(os);
    if (&from == &to) {
        throw std::logic_error("context " + std::to_string(to.id) + " is already running and cannot be switched to");
    }
    if (!to.started) {
        to.start();
    }
    observe_contexts(os, kind, from.id, to.id);
    os.tree->current = &to;
    // All of the environment travels between contexts, unasked: it is little of what such a switch does.
    from.environment.save();
    switch_flow(os.words, os.here, from, to);
    from.environment.load();
    if (std::shared_ptr<ContextState> ended = std::move(os.tree->root->ended); ended != nullptr) {
        ended->finish();
    }
    if (from.error != nullptr) {
        std::rethrow_exception(std::exchange(from.error, nullptr));
    }
    return std::exchange(from.value, std::any());
}

void ContextState::finish() noexcept {
    os.stacks.release(*stack);
    stack = nullptr;
    if (os.tree == &os.own_tree) {
        os.reclaim_without_hub();
    }
    parent = heir().shared_from_this();  // so that a chain in which each made the next and ended does not grow
}

// Returns the context that gets the result: the nearest ancestor that has not ended. The root does not end while its
// green thread lives.
ContextState& ContextState::heir() const noexcept {
    const ContextState* p = this;
    do {
        p = p->parent != nullptr ? p->parent.get() : os.tree->root;
    } while (p->dead);
    return const_cast<ContextState&>(*p);
}

void ContextState::enter(Registers* registers) {
    auto& self = static_cast<ContextState&>(*static_cast<Flow*>(registers));
    flow_arrived(self);
    self.environment.load();
    ContextState& next = live(self);
    leave_flow(self.os.words, self.os.here, self, next);
}

// Runs the whole life of a context, in a frame of its own, so that nothing is left to destroy when it is left.
ContextState& ContextState::live(ContextState& self) noexcept {
    std::any result;
    std::exception_ptr failure;
    try {
        result = self.run(std::exchange(self.value, std::any()));
    } catch (const ContextExit&) {
    } catch (...) {
        failure = std::current_exception();
    }
    self.run = nullptr;
    ContextState& next = self.unwinder != nullptr ? *self.unwinder : self.heir();
    next.value = std::move(result);
    next.error = std::move(failure);
    self.dead = true;
    self.ListNode::unlink();
    observe_contexts(self.os, next.error == nullptr ? SwitchEvent::Kind::switched : SwitchEvent::Kind::thrown, self.id,
                     next.id);
    self.os.tree->root->ended = std::move(self.self);
    self.os.tree->current = &next;
    return next;
}

// Called by the owner's destructor, or at the end of the tree.
void ContextState::unwind() noexcept {
    if (dead) {
        return;
    }
    const auto keep = shared_from_this();
    if (!owned_here()) {
        report("context " + std::to_string(id) +
               " was destroyed by an OS or green thread other than its own; it lives until its own ends");
        self = keep;
        return;
    }
    if (!started) {
        dead = true;
        run = nullptr;
        self = nullptr;
        ListNode::unlink();
        return;
    }
    if (this == os.tree->current) {
        return;  // it destroys its own handle, and ends when its function does
    }
    try {
        unwinder = &running(os);
        error = std::make_exception_ptr(ContextExit());
        go(*this, SwitchEvent::Kind::thrown);
    } catch (...) {
        report("context " + std::to_string(id) + ", while it was unwound", std::current_exception());
    }
    if (!dead) {
        report("context " + std::to_string(id) + " switched away while it was unwound; its stack is abandoned");
        dead = true;  // its frames are half destroyed: nothing may switch back to it
        ListNode::unlink();
    }
}

std::vector<ContextView> contexts_of(const ContextTree& tree) {
    std::vector<ContextView> all;
    if (tree.root != nullptr) {
        tree.root->children.for_each([&](const ContextState& each) {
            all.push_back(
                {each.id, each.parent->id, each.options.where, each.started, &each == tree.current, each, each.stack});
        });
    }
    return all;
}

bool ContextTree::unwinds() const noexcept {
    for (const ContextState* c = current; c != root; c = &c->heir()) {
        if (c->unwinder != nullptr || c->heir().eh.uncaught > 0) {
            return true;
        }
    }
    return false;
}

const Flow* ContextTree::suspended_root() const noexcept {
    return root != nullptr && root != current ? root : nullptr;
}

void ContextTree::destroy() noexcept {
    while (ContextState* front = root->children.front()) {
        const std::shared_ptr<ContextState> child = front->shared_from_this();
        child->unwind();
        child->ListNode::unlink();
    }
    const std::shared_ptr<ContextState> last = std::move(root->self);
    last->dead = true;
    root = current = nullptr;
}

}  // namespace detail

using detail::ContextState;
using detail::OsThread;

const char* ContextExit::what() const noexcept {
    return "this context is being destroyed";
}

std::any ContextRef::switch_to(std::any value) const {
    ContextState& to = ContextState::check(state_);
    if (to.dead) {
        throw DeadContext("context " + std::to_string(to.id) + " has ended and cannot be switched to");
    }
    to.require_owned_here();
    to.value = std::move(value);
    return ContextState::go(to, SwitchEvent::Kind::switched);
}

std::any ContextRef::throw_into(std::exception_ptr error) const {
    if (error == nullptr) {
        throw std::invalid_argument("throw_into() needs an exception to throw; this one is null");
    }
    ContextState* to = &ContextState::check(state_);
    to->require_owned_here();
    const ContextState& from = ContextState::running(to->os);
    if (!to->started || to->dead) {
        to->unwind();
        to = &to->heir();
    }
    if (to == &from) {
        std::rethrow_exception(error);
    }
    to->error = std::move(error);
    return ContextState::go(*to, SwitchEvent::Kind::thrown);
}

ContextRef ContextRef::parent() const {
    return ContextRef(state_ != nullptr ? state_->parent : nullptr);
}

bool ContextRef::started() const noexcept {
    return state_ != nullptr && state_->started;
}

bool ContextRef::dead() const noexcept {
    return state_ == nullptr || state_->dead;
}

std::uint64_t ContextRef::id() const noexcept {
    return state_ != nullptr ? state_->id : 0;
}

Context::Context(Function run, ContextOptions options, Site at) {
    if (options.where.line == 0) {
        options.where = at;
    }
    state_ = ContextState::make(std::move(run), options);
}

Context& Context::operator=(Context&& other) noexcept {
    if (this != &other) {
        unwind();
        state_ = std::move(other.state_);
    }
    return *this;
}

Context::~Context() {
    unwind();
}

void Context::unwind() noexcept {
    if (state_ != nullptr) {
        state_->unwind();
    }
}

ContextRef current_context() {
    return ContextRef(ContextState::running(OsThread::current()).shared_from_this());
}

}  // namespace tendril
