/** What the console remembers: in this tab only, until sign-out or until the tab is closed. */

const TOKEN = "cadre:token";

export const keptToken = (): string | null => sessionStorage.getItem(TOKEN);
export const keepToken = (token: string): void => sessionStorage.setItem(TOKEN, token);

export type Store = Storage & { forget(): void };

/**
 * GraphiQL's storage on top of sessionStorage, so that queries never outlive the tab.
 *
 * GraphiQL writes half a second late; a forgotten store ignores such a write, which would
 * otherwise bring the last query back after sign-out.
 */
export function openStore(): Store {
  let open = true;
  return {
    get length() {
      return sessionStorage.length;
    },
    key: (index) => sessionStorage.key(index),
    getItem: (key) => sessionStorage.getItem(key),
    setItem: (key, value) => {
      if (open) sessionStorage.setItem(key, value);
    },
    removeItem: (key) => sessionStorage.removeItem(key),
    clear() {
      for (const key of Object.keys(sessionStorage)) {
        if (key !== TOKEN) sessionStorage.removeItem(key);
      }
    },
    forget() {
      open = false;
      sessionStorage.clear();
    },
  };
}
