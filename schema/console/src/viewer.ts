/** Who a token belongs to: the one operation the console itself runs. */

export const VIEWER = `query ConsoleViewer {
  viewer {
    account { label }
    roles { role label }
    permissions
  }
}`;

export type Viewer = {
  account: { label: string };
  roles: { role: string; label: string }[];
  permissions: string[];
};

export function rolesOf(viewer: Viewer): string {
  return viewer.roles.map((role) => role.label).join(", ") || "no role";
}
