"""Cases: opened by the same desk that keeps incidents, worked on by people who each may do some acts.

``guide`` gives what the work goes by on a day, ``opening`` completes a report, ``seats`` says in which role somebody
acts, ``desk`` does it and shows a case, ``asking`` says who would be responsible and who is near.
"""
