/** Whether the network is there, as far as the browser knows, or as the last request showed. */

import { outbox } from "./outbox.svelte";

class Connection {
  lost = $state(!navigator.onLine);

  constructor() {
    addEventListener("offline", () => (this.lost = true));
    addEventListener("online", () => {
      this.lost = false;
      void outbox.flush();
    });
  }
}

export const connection = new Connection();
