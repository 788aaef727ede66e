// SPDX-License-Identifier: MIT
//
// Group and Pool: the public sides of a Crew.

#include <tendril/group.hpp>

#include <new>

#include <tendril/pool.hpp>

#include "pool/crew.hpp"

namespace tendril {

namespace detail {

GroupFace::GroupFace(const char* kind, std::size_t slots) noexcept : exceptions_(std::uncaught_exceptions()) {
    static_assert(sizeof(Crew) <= crew_size && alignof(Crew) <= alignof(void*));
    ::new (static_cast<void*>(crew_)) Crew(kind, slots);
}

GroupFace::~GroupFace() {
    crew().leave(std::uncaught_exceptions() > exceptions_);
    crew().~Crew();
}

Crew& GroupFace::crew() noexcept {
    return *std::launder(reinterpret_cast<Crew*>(crew_));
}

const Crew& GroupFace::crew() const noexcept {
    return *std::launder(reinterpret_cast<const Crew*>(crew_));
}

bool GroupFace::add(const AnyGreenlet& greenlet, Deadline deadline) {
    return crew().add(greenlet, deadline);
}

bool GroupFace::discard(const AnyGreenlet& greenlet) {
    return crew().discard(greenlet);
}

bool GroupFace::contains(const AnyGreenlet& greenlet) const noexcept {
    return crew().contains(greenlet);
}

std::size_t GroupFace::size() const noexcept {
    return crew().size();
}

std::vector<AnyGreenlet> GroupFace::members() const {
    return crew().members();
}

bool GroupFace::join() {
    return crew().join(never);
}

bool GroupFace::join(Deadline deadline) {
    return crew().join(deadline);
}

bool GroupFace::kill(const std::exception_ptr& error, Deadline deadline) {
    return crew().kill(error, deadline);
}

bool GroupFace::kill_one(const AnyGreenlet& member, const std::exception_ptr& error, Deadline deadline) {
    return crew().kill_one(member, error, deadline);
}

void GroupFace::kill_nowait(const std::exception_ptr& error) {
    crew().kill_nowait(error);
}

void GroupFace::kill_one_nowait(const AnyGreenlet& member, const std::exception_ptr& error) {
    crew().kill_one_nowait(member, error);
}

}  // namespace detail

detail::CrewPlace Pool::try_enter() {
    return crew().try_enter();
}

bool Pool::wait_available() {
    return crew().wait_available(never);
}

bool Pool::wait_available(Deadline deadline) {
    return crew().wait_available(deadline);
}

std::size_t Pool::running() const noexcept {
    return crew().taken();
}

std::size_t Pool::waiting() const noexcept {
    return crew().waiting();
}

std::size_t Pool::capacity() const noexcept {
    return crew().slots();
}

void Pool::resize(Size size) {
    crew().resize(size);
}

}  // namespace tendril
