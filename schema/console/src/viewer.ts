/** Who a token belongs to: the one operation the console itself runs. */

export const VIEWER = `query ConsoleViewer {
  viewer {
    label
    isSignedIn
    roles { role label meaning }
    permissions
  }
}`;

export type Viewer = {
  label: string;
  isSignedIn: boolean;
  roles: { role: string; label: string; meaning: string }[];
  permissions: string[];
};

export function rolesOf(viewer: Viewer): string {
  return viewer.roles.map((role) => role.label).join(", ") || "no role";
}
