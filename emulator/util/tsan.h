/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ThreadSanitizer cannot see: locks inside glib and grace periods inside
 * liburcu are not instrumented, so we tell it. Nothing in ordinary builds.
 */
#ifndef VIREO_UTIL_TSAN_H
#define VIREO_UTIL_TSAN_H

#if defined(__SANITIZE_THREAD__)
#define VIREO_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VIREO_TSAN 1
#endif
#endif

#ifdef VIREO_TSAN
void __tsan_acquire(void *addr);
void __tsan_release(void *addr);
/* Everything before a TSAN_RELEASE(p) happened before a later TSAN_ACQUIRE(p). */
#define TSAN_ACQUIRE(p) __tsan_acquire((void *)(p))
#define TSAN_RELEASE(p) __tsan_release((void *)(p))
#else
#define TSAN_ACQUIRE(p) ((void)(p))
#define TSAN_RELEASE(p) ((void)(p))
#endif

#endif
