import source from "./mark.svg";

export function Mark() {
  return <img className="mark" src={source} alt="" width="28" height="28" />;
}
