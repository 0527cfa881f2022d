/** Who is signed in, and what happens when a session ends in mid-work: sign in on top of the page, then go on. */

import { api, onSignedOut } from "./api";
import { outbox } from "./outbox.svelte";
import type { Me, Permission } from "./wire";

class Session {
  me = $state.raw<Me>();
  /** Sign-in is asked for on top of the page that is open. */
  asking = $state(false);
  #resolvers: (() => void)[] = [];

  constructor() {
    onSignedOut(() => this.#signInAgain());
  }

  async load(): Promise<void> {
    this.take(await api.get("/api/auth/me", { wait: false }));
  }

  /** Somebody signed in: go on with what waited, or start afresh where it is somebody else. */
  take(me: Me): void {
    const before = this.me;
    if (before?.signed_in && me.signed_in && before.pseudonym !== me.pseudonym) {
      location.reload();
      return;
    }
    this.me = me;
    document.documentElement.dataset["theme"] = me.preferences?.theme ?? "system";
    document.documentElement.toggleAttribute("data-blur", me.preferences?.blur ?? false);
    if (!me.signed_in) return;
    outbox.own(me.pseudonym);
    this.asking = false;
    for (const go of this.#resolvers.splice(0)) go();
    void outbox.flush();
  }

  may(permission: Permission): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  async signOut(): Promise<void> {
    await api.post("/api/auth/sign-out", undefined, { wait: false });
    location.hash = "";
    location.reload();
  }

  #signInAgain(): Promise<void> {
    this.asking = true;
    return new Promise((resolve) => this.#resolvers.push(resolve));
  }
}

export const session = new Session();
