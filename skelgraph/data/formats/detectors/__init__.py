"""What pose detectors write: OpenPose, MediaPipe, .pose."""
