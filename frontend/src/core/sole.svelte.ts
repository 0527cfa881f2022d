/** One live page for each kind of work and browser: a second one says so, and can take over. */

export class Sole {
  state = $state<"asking" | "held" | "elsewhere">("asking");
  readonly #name: string;
  #release: (() => void) | undefined;

  constructor(name: string) {
    this.#name = `holdfast.${name}`;
  }

  /** Asks for the work; `steal` takes it from the page that has it. */
  async take(steal = false): Promise<void> {
    if (!("locks" in navigator)) {
      this.state = "held";
      return;
    }
    try {
      await navigator.locks.request(this.#name, steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        if (!lock) {
          this.state = "elsewhere";
          return undefined;
        }
        this.state = "held";
        return new Promise<void>((resolve) => (this.#release = resolve));
      });
    } catch {
      // Another page took over.
      this.state = "elsewhere";
    }
  }

  release(): void {
    this.#release?.();
  }
}
