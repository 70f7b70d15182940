"""Training without labels: what hidden joints do, or which two views are of one clip."""
