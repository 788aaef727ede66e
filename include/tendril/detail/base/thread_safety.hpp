// SPDX-License-Identifier: MIT
//
// Annotations for Clang's thread-safety analysis (-Wthread-safety): which lock guards a member, which locks a function
// needs. Empty for other compilers. Not for users.

#pragma once

#if defined(__clang__)
#define TENDRIL_LOCK_ATTRIBUTE(...) __attribute__((__VA_ARGS__))
#else
#define TENDRIL_LOCK_ATTRIBUTE(...)
#endif

#define TENDRIL_CAPABILITY(name) TENDRIL_LOCK_ATTRIBUTE(capability(name))
#define TENDRIL_SCOPED_CAPABILITY TENDRIL_LOCK_ATTRIBUTE(scoped_lockable)
#define TENDRIL_GUARDED_BY(mutex) TENDRIL_LOCK_ATTRIBUTE(guarded_by(mutex))
#define TENDRIL_REQUIRES(...) TENDRIL_LOCK_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define TENDRIL_ACQUIRE(...) TENDRIL_LOCK_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define TENDRIL_RELEASE(...) TENDRIL_LOCK_ATTRIBUTE(release_capability(__VA_ARGS__))
// For functions that the analysis cannot judge: a lock is passed into another function, or no other OS thread exists,
// as in a fork's child.
#define TENDRIL_NOT_ANALYZED TENDRIL_LOCK_ATTRIBUTE(no_thread_safety_analysis)
