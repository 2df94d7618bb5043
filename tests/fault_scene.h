/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The sshtap authors */

#ifndef FAULT_SCENE_H
#define FAULT_SCENE_H

#include <stdbool.h>

#include "transport/key.h"

/*
 * A whole connection, from the first byte to the last, of which any step may
 * fail: nothing here fails a test.  Both sides are sessions of ours in
 * memory; the clock stands still.
 */
struct scene {
	const char *name;
	const char *kex;
	const char *cipher;
	const char *compression;
	enum key_type hostkey, user_key;
	bool hostbound;		/* the way the user's key is proven */
};

/* Where it was when a call failed, and how far it came. */
enum scene_stage {
	SCENE_OPEN,
	SCENE_LOGIN,
	SCENE_TUNNEL,
	SCENE_REKEY,
	SCENE_CLOSE,
	SCENE_GOODBYE,		/* everything has been done, and it is said */
	SCENE_DONE
};

struct scene_result {
	enum scene_stage stage;	/* the last one that was begun */
	int client, server;	/* what each ended with, 0: nothing */
	bool is_stuck;		/* it went on for longer than it can */
	bool is_unsound;	/* a failed session did something after all */
};

/* The keys of a scene, made and kept before anything may fail. */
void scene_prepare(const struct scene *sc);
void scene_forget(void);

void scene_run(const struct scene *sc, struct scene_result *result);

#endif /* FAULT_SCENE_H */
